"""Years of a farm, made up by a seed: what boards read, people declare and ledgers answer.

About ninety visits a day to two cabinets: packages are delivered, taken, used, brought back
lighter, some to the other cabinet; emptied, rinsed or bagged, and received by the centre.  A
badge is forgotten now and then, a reading comes late, a declaration is corrected, a board starts
anew.  ``beats`` yields what reaches the record together: mostly that of an hour, or of a night.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from fognode.daemon.chimes import HOUR_MS, hours_to_tell
from fognode.events import Event, Json, Kind
from fognode.gs1.keys import check_digit
from fognode.hashing import event_id
from tests.bench.answers import Answers

ZONE = ZoneInfo("America/Sao_Paulo")
BEGIN_MS = 1_767_225_600_000  # 2026-01-01T00Z
AT_WORK = range(9, 21)  # hours of UTC: 06:00 to 18:00 on the farm
VISITS, ALONE_EVERY = 8, 7  # an hour; in one hour of so many each reaches the record alone
BOARDS = {"cab-1": "cab01", "cab-2": "cab02"}
TARE_G, FULL_G, LEAST_G, MOST_G = 310, 5840, 200, 500
STOCKED = 4  # packages of each product
BATCH = 10  # empties that go together
RIGID, ALL = 9, 12  # of so many products
GTINS = tuple(f"{n}{check_digit(str(n))}" for n in range(789_123_456_700, 789_123_456_700 + ALL))
OWNER, *WORKERS = (f"person-{n}" for n in range(4))
BADGES = {person: f"B0A1C2{n:02X}" for n, person in enumerate((OWNER, *WORKERS))}
FORGOTTEN, LATE, CORRECTED, RESTARTED = 0.005, 0.01, 0.03, 0.002  # of visits; of hours


@dataclass(slots=True, kw_only=True)
class Can:
    """One package, as it really is."""

    package: str
    gtin: str
    tag: str
    cabinet: str
    gross_g: int = FULL_G
    out: bool = False

    @property
    def rigid(self) -> bool:
        """It can be rinsed."""
        return self.gtin in GTINS[:RIGID]


@dataclass(slots=True)
class Season:
    """A farm as it goes on."""

    draw: Random
    now_ms: int = BEGIN_MS
    beat: list[Event] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    told: Counter[str] = field(default_factory=Counter)  # board -> its events since its start
    boots: Counter[str] = field(default_factory=Counter)
    cans: dict[str, list[Can]] = field(default_factory=dict)  # GTIN -> in stock, oldest first
    empties: list[Can] = field(default_factory=list)
    used: list[tuple[str, int]] = field(default_factory=list)  # and not declared yet
    delivered: int = 0
    batches: int = 0

    # --- telling -------------------------------------------------------------------------

    def _tell(self, kind: str, origin: str, facts: dict[str, Json]) -> Event:
        event = Event(kind=kind, origin=origin, happened_at_ms=self.now_ms, facts=facts)
        self.beat.append(event)
        return event

    def _declare(self, kind: Kind, **facts: Json) -> Event:
        self.now_ms += 1000
        request = UUID(int=self.draw.getrandbits(128), version=4)
        return self._tell(kind, f"q/{request}", {**facts, "by": OWNER})

    def _read(self, cabinet: str, kind: str, sensor: str, **facts: Json) -> None:
        board = BOARDS[cabinet]
        self.told[board] += 1
        origin = f"b/{board}/{self.boots[board]}/{self.told[board]}"
        about: dict[str, Json] = {"board": board, "place": cabinet, "sensor": sensor}
        self._tell(kind, origin, about | facts)

    def _weigh(self, cabinet: str, gross_g: int) -> None:
        kind = "weight_put" if gross_g > 0 else "weight_take"
        self._read(cabinet, kind, "W1", weight_counts=gross_g * 40, weight_g=gross_g)
        if self.draw.random() < LATE:
            self.late.append(self.beat.pop())

    def hear(self, event: Event) -> None:
        """Let ledgers and people answer an event that the daemon drew."""
        self.answers.hear(event, OWNER)

    # --- the hours -----------------------------------------------------------------------

    def beats(self) -> Iterator[list[Event]]:
        """Yield without end what reaches the record together; time goes on with each."""
        self._settle_in()
        yield self._taken()
        while True:
            hour = self.now_ms // HOUR_MS + 1
            self._begin_hour(hour)
            if hour % 24 not in AT_WORK:
                continue
            alone = hour % ALONE_EVERY == 0
            for gtin in self._visited(hour):
                self._visit(gtin, declares_first=alone)
                if alone:
                    yield self._taken()
            yield self._taken()

    def _begin_hour(self, hour: int) -> None:
        self.now_ms = hour * HOUR_MS
        self.beat += hours_to_tell(hour - 1, hour, ZONE)
        for cabinet in BOARDS:
            self._sum(cabinet)
        self.beat += self.answers.told(self.now_ms)
        for about in self.answers.found:
            self._declare(Kind.DISCREPANCY_EXPLAINED, **about)
        self.answers.found.clear()
        for package, used_g in self.used:
            self._use(package, used_g)
        self.used.clear()

    def _visited(self, hour: int) -> list[str]:
        """Return the products of an hour's visits; in the last of the day all come back."""
        if hour % 24 < AT_WORK[-1]:
            return self.draw.sample(GTINS, VISITS)
        return [gtin for gtin, cans in self.cans.items() if cans and cans[0].out]

    def _taken(self) -> list[Event]:
        beat, self.beat = self.beat, []
        return beat

    def _settle_in(self) -> None:
        for person, badge in BADGES.items():
            facts: dict[str, Json] = {"person": person, "alias": person, "badge": badge}
            self._declare(Kind.PERSON_SET, **facts, may_authorise=int(person == OWNER))
        for number, gtin in enumerate(GTINS):
            self._declare(
                Kind.PRODUCT_SET,
                gtin=gtin,
                name=f"Product {number}",
                packaging="rigid" if number < RIGID else "flexible",
                density_g_per_l=1170,
                hazard_class=4,
                warn_level_g=3000,
                opened_life_days=60,
            )
        for cabinet in BOARDS:
            self._start(cabinet)

    def _start(self, cabinet: str) -> None:
        board = BOARDS[cabinet]
        self.boots[board] += 1
        self.told[board] = 0
        sensors: list[Json] = [{"sensor": "W1", "type": "weight", "unit": "counts"}]
        sensors += [{"sensor": "L1", "type": "light"}, {"sensor": "C1", "type": "tag"}]
        facts: dict[str, Json] = {"board": board, "boot": self.boots[board], "place": cabinet}
        origin = f"n/board_hello/{board}/{self.boots[board]}"
        self._tell(Kind.BOARD_HELLO, origin, facts | {"sensors": sensors})

    def _sum(self, cabinet: str) -> None:
        if self.draw.random() < RESTARTED:
            self._start(cabinet)
        inside = [can for cans in self.cans.values() for can in cans if not can.out]
        counts = 40 * sum(can.gross_g for can in inside if can.cabinet == cabinet)
        sums: dict[str, Json] = {"sensor": "W1", "type": "weight", "n": 3600, "last": counts}
        board, begin_ms = BOARDS[cabinet], self.now_ms - HOUR_MS
        facts: dict[str, Json] = {"board": board, "begin_at_ms": begin_ms, "sensors": [sums]}
        self._tell(Kind.SAMPLES_SUMMED, f"n/samples/{board}/{begin_ms}", facts)

    # --- visits --------------------------------------------------------------------------

    def _visit(self, gtin: str, *, declares_first: bool) -> None:
        cans = self.cans.setdefault(gtin, [])
        if len(cans) < STOCKED:
            self._deliver(gtin)
        elif cans[0].out:
            self._bring(cans[0], declares_first=declares_first)
        else:
            self._open(cans[0], -cans[0].gross_g)
            cans[0].out = True
        if len(self.empties) >= BATCH:
            self._send_back()

    def _deliver(self, gtin: str) -> None:
        self.delivered += 1
        name = f"PKG-{self.delivered:06d}"
        can = Can(package=name, gtin=gtin, tag=f"04{self.delivered:012X}", cabinet="cab-1")
        self._declare(
            Kind.DELIVERY_DECLARED,
            package=name,
            gtin=gtin,
            serial=f"S{self.delivered:06d}",
            lot=f"L{self.now_ms // (24 * HOUR_MS)}",
            expires_on="2031-06-30",
            invoice=f"NF-{self.delivered // 4:06d}",
            tag=can.tag,
            gross_g=can.gross_g,
            tare_g=TARE_G,
            source="dealer-1",
            site="cab-1",
        )
        self.cans[gtin].append(can)
        self._open(can, can.gross_g)

    def _bring(self, can: Can, *, declares_first: bool) -> None:
        left_g = can.gross_g - TARE_G
        used_g = left_g if left_g < MOST_G else self.draw.randint(LEAST_G, MOST_G)
        can.gross_g -= used_g
        if declares_first:
            self._use(can.package, used_g)
        else:
            self.used.append((can.package, used_g))
        can.cabinet = self.draw.choice([*BOARDS])
        self._open(can, can.gross_g)
        can.out = False
        if can.gross_g == TARE_G:
            self._prepare(can)

    def _use(self, package: str, used_g: int) -> None:
        facts: dict[str, Json] = {"package": package, "used_g": used_g, "crop": "soja"}
        told = self._declare(Kind.USE_DECLARED, **facts, field="north", area_m2=40_000)
        if self.draw.random() < CORRECTED:
            corrects, anew = event_id(told.origin).hex(), {**told.facts, "area_m2": 50_000}
            about = {"corrects": corrects, "reason": "a field more"}
            self._declare(Kind.CORRECTION_DECLARED, **about, facts=anew)

    def _prepare(self, can: Can) -> None:
        self.now_ms += 60_000
        package, witness = can.package, WORKERS[0]
        if can.rigid:
            told = {"rinses": 3, "punctured": 1}
            self._declare(Kind.RINSE_DECLARED, package=package, witness=witness, **told)
        else:
            bag = f"BAG-{package}"
            self._declare(
                Kind.SEAL_DECLARED, package=package, witness=witness, bag=bag, segregated=1
            )
        self._open(can, -can.gross_g)
        self.cans[can.gtin].remove(can)
        self.empties.append(can)

    def _send_back(self) -> None:
        self.batches += 1
        self.now_ms += 60_000
        batch, gone, self.empties = f"batch-{self.batches}", self.empties, []
        packages: list[Json] = [can.package for can in gone]
        about = {"batch": batch, "destination": "centre"}
        self._declare(Kind.BATCH_DECLARED, packages=packages, **about)
        washed = sum(can.rigid for can in gone)
        self._declare(
            Kind.RECEIPT_DECLARED,
            receipt=f"R-{self.batches}",
            centre="centre",
            received_on=datetime.fromtimestamp(self.now_ms / 1000, ZONE).date().isoformat(),
            batch=batch,
            washed=washed,
            unwashed=len(gone) - washed,
        )

    def _open(self, can: Can, grams: int) -> None:
        """Let a worker open its cabinet: grams below zero are taken out, above put in."""
        cabinet = can.cabinet
        self.now_ms += self.draw.randint(60_000, 180_000)
        self.beat += self.late
        self.late.clear()
        if self.draw.random() >= FORGOTTEN:
            badge = BADGES[self.draw.choice(WORKERS)]
            self._read(cabinet, "tag_in", "C1", tag=badge)
            self.now_ms += 1500
            self._read(cabinet, "tag_out", "C1", tag=badge)
        self._read(cabinet, "light_open", "L1", light_counts=self.draw.randint(600, 900))
        self.now_ms += 800
        self._read(cabinet, "vibration_shake", "V1", vibration_edges=self.draw.randint(1, 9))
        self.now_ms += 3000
        if grams < 0:
            self._weigh(cabinet, grams)
            self.now_ms += 1500
            self._read(cabinet, "tag_out", "C1", tag=can.tag)
        else:
            self._read(cabinet, "tag_in", "C1", tag=can.tag)
            self.now_ms += 900
            self._weigh(cabinet, grams)
        self.now_ms += 4000
        self._read(cabinet, "light_close", "L1", light_counts=20)
        self.now_ms += 20_000
