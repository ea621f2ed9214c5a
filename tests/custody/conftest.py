"""A story: readings and declarations in order, told to custody as the daemon would."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fognode import hashing
from fognode.custody import booking, fold, packages, people, products, stock
from fognode.events import Event, Json, Outcome, RowValues, Stored

START_MS = int(datetime(2026, 3, 2, 9, 12, tzinfo=UTC).timestamp()) * 1000  # 06:12 in Brazil
ANA, BOB = "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10", "1e2fb1c5-0c7b-4b57-8a0d-6c1d6a5f3b11"
BADGE_ANA, BADGE_BOB = "B0A1C2D3", "B0A1C2D4"
GLY, ATR = "GLY-0042", "ATR-0007"
TAGS = {GLY: "04A1B2C3D4E5F6", ATR: "04A1B2C3D4E5F7"}
GTIN = "7891234567895"


class Story:
    """Keeps what it is told as the record does, and folds it at once; times in seconds."""

    ANA, BOB, BADGE_ANA, BADGE_BOB = ANA, BOB, BADGE_ANA, BADGE_BOB
    GLY, ATR, TAGS, GTIN, START_MS = GLY, ATR, TAGS, GTIN, START_MS

    def __init__(self) -> None:
        self.custody = fold.Custody(zone=ZoneInfo("America/Sao_Paulo"))
        self.record: list[Stored] = []
        self.outcomes: list[Outcome] = []
        self.rows: dict[tuple[str, str], RowValues] = {}
        self._told = 0
        self.clock_ms = 0  # of the node: nothing is recorded before it

    def tell(self, kind: str, at_s: float, /, **facts: Json) -> None:
        """Let something happen, fold it, and store what comes of it as further events."""
        self._told += 1
        origin = f"b/cab01/1/{self._told}"
        at_ms = START_MS + round(at_s * 1000)
        self.keep([Event(kind=kind, origin=origin, happened_at_ms=at_ms, facts=facts)])

    def keep(self, events: Iterable[Event]) -> None:
        waiting = list(events)
        while waiting:
            event = waiting.pop(0)
            event_id = hashing.event_id(event.origin).hex()
            if any(told.event_id == event_id for told in self.record):
                continue
            last_ms = self.record[-1].recorded_at_ms if self.record else 0
            told = Stored(
                seq=len(self.record) + 1,
                event_id=event_id,
                kind=str(event.kind),
                origin=event.origin,
                happened_at_ms=event.happened_at_ms,
                recorded_at_ms=max(last_ms, event.happened_at_ms, self.clock_ms),
                facts=event.facts,
                body=b"",
            )
            self.record.append(told)
            waiting += self._take(fold.step(self.custody, told))

    def quiet(self, at_s: float) -> None:
        """Let the clock reach a time without anything happening."""
        self.keep(self._take(fold.due(self.custody, START_MS + round(at_s * 1000))))

    def _take(self, outcome: Outcome) -> list[Event]:
        self.outcomes.append(outcome)
        for row in outcome.rows:
            key = next(iter(row.values.values()))
            self.rows[row.table, str(key)] = row.values
        for event in outcome.events:  # whatever custody draws, the store must take
            hashing.canonical_bytes(dict(event.facts))
        return outcome.events

    # --- readings of the board in cab-1 -----------------------------------------------------

    def read(self, kind: str, at_s: float, place: str = "cab-1", **facts: Json) -> None:
        self.tell(kind, at_s, board="cab01", place=place, **facts)

    def open(self, at_s: float, place: str = "cab-1") -> None:
        self.read("light_open", at_s, place, sensor="L1", light_counts=859)

    def close(self, at_s: float, place: str = "cab-1") -> None:
        self.read("light_close", at_s, place, sensor="L1", light_counts=20)

    def weight(self, at_s: float, weight_g: int, place: str = "cab-1") -> None:
        kind = "weight_take" if weight_g < 0 else "weight_put"
        self.read(kind, at_s, place, sensor="W1", weight_counts=weight_g * 40, weight_g=weight_g)

    def tag_in(self, at_s: float, tag: str, place: str = "cab-1") -> None:
        self.read("tag_in", at_s, place, sensor="C1", tag=TAGS.get(tag, tag))

    def tag_out(self, at_s: float, tag: str, place: str = "cab-1") -> None:
        self.read("tag_out", at_s, place, sensor="C1", tag=TAGS.get(tag, tag))

    # --- longer passages --------------------------------------------------------------------

    def farm(self) -> None:
        """Two people, one product, GLY-0042 (5,840 g) and ATR-0007 (3,000 g) delivered."""
        self.tell("person_set", 0, person=ANA, alias="ana-7", badge=BADGE_ANA)
        self.tell("person_set", 0, person=BOB, alias="bob-2", badge=BADGE_BOB)
        self.tell("product_set", 0, gtin=GTIN, name="Glyphosate 480", packaging="rigid")
        self.deliver(GLY, "SN0042", 5840)
        self.deliver(ATR, "SN0007", 3000)

    def deliver(self, package: str, serial: str, gross_g: int, /, **other: Json) -> None:
        facts: dict[str, Json] = {
            "package": package,
            "gtin": GTIN,
            "serial": serial,
            "lot": "L2406B",
            "expires_on": "2028-06-30",
            "invoice": "NF-000123",
            "tag": TAGS.get(package, package),
            "gross_g": gross_g,
            "tare_g": 310,
            "source": "dealer-1",
            "site": "cab-1",
            "by": ANA,
        }
        self.tell("delivery_declared", 0, **(facts | other))

    def stocked(self) -> None:
        """The farm, with both packages put into cab-1 by Ana; quiet again at 20 s."""
        self.farm()
        self.open(1)
        self.tag_in(2, BADGE_ANA)
        self.tag_in(3, GLY)
        self.weight(3.6, 5840)
        self.tag_in(5, ATR)
        self.weight(5.6, 3000)
        self.close(8)
        self.quiet(12.1)

    def visit(self, at_s: float, package: str, taken_g: int, put_g: int) -> None:
        """Ana takes a package and puts it back, lighter; quiet after 20 s."""
        self.open(at_s)
        self.tag_in(at_s + 1, BADGE_ANA)
        self.weight(at_s + 2, -taken_g)
        self.tag_out(at_s + 4, package)
        self.tag_in(at_s + 6, package)
        self.weight(at_s + 7, put_g)
        self.close(at_s + 9)
        self.quiet(at_s + 13.5)

    # --- what came of it --------------------------------------------------------------------

    def facts(self, kind: str) -> list[dict[str, Json]]:
        """Return the facts of all stored events of a kind."""
        return [dict(told.facts) for told in self.record if told.kind == kind]

    def last(self, kind: str) -> dict[str, Json]:
        """Return the facts of the newest stored event of a kind."""
        return self.facts(kind)[-1]

    def record_of(self, kind: str) -> Stored:
        """Return the newest stored event of a kind."""
        return [told for told in self.record if told.kind == kind][-1]

    def rules(self) -> list[Json]:
        """Return the rules of all discrepancies, in the order they were found."""
        return [facts["rule"] for facts in self.facts("discrepancy_found")]

    def refusals(self) -> list[Json]:
        """Return the values of all refused requests."""
        return [facts["value"] for facts in self.facts("rejected")]

    def package(self, package: str = GLY) -> RowValues:
        """Return the newest row of a package."""
        return self.rows["package", package]


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def stocked(story: Story) -> Story:
    story.stocked()
    return story


@pytest.fixture(scope="session")
def new_story() -> type[Story]:
    """For tests that need more than one."""
    return Story


class Shelf:
    """Stock alone: told what other parts of custody would have stored; times in days."""

    ANA, GTIN = ANA, GTIN

    def __init__(self) -> None:
        self.known = booking.Known(
            packages=packages.State(), people=people.State(aliases={ANA: "ana-7", BOB: "bob-2"})
        )
        self.stock = stock.State()
        self.record: list[Stored] = []
        self.drawn: list[Event] = []
        self.rows: dict[tuple[str, str], RowValues] = {}

    def tell(self, kind: str, day: float = 0, /, **facts: Json) -> Stored:
        """Store an event and fold it."""
        seq = len(self.record) + 1
        origin = f"q/{seq}"
        at_ms = START_MS + round(day * 86_400_000)
        told = Stored(
            seq=seq,
            event_id=hashing.event_id(origin).hex(),
            kind=str(kind),
            origin=origin,
            happened_at_ms=at_ms,
            recorded_at_ms=at_ms,
            facts=facts,
            body=b"",
        )
        self.fold(told)
        return told

    def fold(self, told: Stored) -> None:
        self.record.append(told)
        outcome = Outcome()
        if told.kind in products.KINDS:
            outcome.add(products.step(self.known.packages.products, told))
        if told.kind in stock.KINDS:
            outcome.add(stock.step(self.stock, told, self.known))
        for event in outcome.events:
            hashing.canonical_bytes(dict(event.facts))
        self.drawn += outcome.events
        for row in outcome.rows:
            self.rows[row.table, str(next(iter(row.values.values())))] = row.values

    # --- longer passages --------------------------------------------------------------------

    def product(self, **facts: Json) -> None:
        base: dict[str, Json] = {"gtin": GTIN, "name": "Gly", "packaging": "rigid"}
        self.tell("product_set", 0, **(base | {"density_g_per_l": 1170} | facts))

    def receive(self, package: str = GLY, day: float = 0, /, **facts: Json) -> None:
        base: dict[str, Json] = {"package": package, "gtin": GTIN, "expires_on": "2028-06-30"}
        base |= {"site": "cab-1", "gross_g": 5840, "tare_g": 310, "by": ANA}
        self.tell("newProductEntry", day, **(base | facts))

    def handle(self, action: str, day: float = 0, package: str = GLY, /, **facts: Json) -> Stored:
        base: dict[str, Json] = {"package": package, "action": action, "person": ANA}
        base |= {"cabinet": "cab-1", "opening": "0" * 32}
        return self.tell("handleProduct", day, **(base | facts))

    def use(self, day: float, out_g: int, back_g: int, package: str = GLY) -> None:
        """Ana takes it with a weight and brings it back with another."""
        self.handle("out", day, package, weight_g=out_g, gross_g=out_g)
        used_g = max(0, out_g - back_g)
        self.handle("back", day, package, weight_g=back_g, gross_g=back_g, used_g=used_g)

    def ask(self, kind: str, package: str = GLY, /, day: float = 0, **facts: Json) -> Stored:
        return self.tell(kind, day, package=package, by=ANA, **facts)

    def morning(self, day: int) -> None:
        today = datetime.fromtimestamp(START_MS / 1000 + day * 86_400, UTC).date()
        self.tell("hour_began", day, hour=f"{today}T00")

    # --- what came of it --------------------------------------------------------------------

    def facts(self, kind: str) -> list[dict[str, Json]]:
        return [dict(event.facts) for event in self.drawn if event.kind == kind]

    def rules(self) -> list[Json]:
        return [facts["rule"] for facts in self.facts("discrepancy_found")]

    def moves(self, package: str = GLY) -> list[tuple[Json, Json]]:
        """Return movement and delta of all movements that moved content."""
        told = self.facts("stock_moved")
        return [
            (f["movement"], f["delta_g"]) for f in told if f["package"] == package and f["delta_g"]
        ]

    def row(self, package: str = GLY) -> RowValues:
        return self.rows["stock", package]

    def total(self) -> RowValues:
        return self.rows["stock_total", GTIN]


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.product()
    return shelf


@pytest.fixture(scope="session")
def new_shelf() -> type[Shelf]:
    """For tests that need more than one."""
    return Shelf
