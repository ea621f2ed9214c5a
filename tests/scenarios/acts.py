"""What happens in a story: people act in front of cabinets and declare things, parts fail.

Every verb takes the time people take.  Times of day are the farm's, in Sao Paulo.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fognode.boards.invoice import read_invoices, to_events
from fognode.events import Json, Kind, RowValues, Stored
from fognode.page.declared import check_corrected, check_photo, check_request
from tests.scenarios.house import HOUR_MS, House

PEOPLE = {
    "Ana": "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10",
    "J.": "1e2fb1c5-0c7b-4b57-8a0d-6c1d6a5f3b11",
    "Rui": "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77",
}
BADGES = {"Ana": "B0A1C2D3", "J.": "B0A1C2D4", "Rui": "B0A1C2D5"}
GTIN, BAG_GTIN = "7891234567895", "7891000315507"
CABINETS = {"cab-1": "cab01", "cab-2": "cab02", "gate": "gate01"}
NAMED = {"by", "person", "witness"}  # facts that hold a person
COUNTS_PER_G = 40
SUM_MS = 420_000  # after the full hour, the ones before are summed: here four times a day
SUM_EVERY_MS = 6 * HOUR_MS
STONE = "stone"


class Acts:
    """One farm, and what lies in its cabinets in truth."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.loads: dict[str, dict[str, int]] = {name: {} for name in CABINETS}
        self.gain_permille = dict.fromkeys(CABINETS, 1000)
        self.tags: dict[str, str] = {}
        self._asked = 0
        self._stirred_ms = self._begun_ms = house.time.now_ms
        self.wait(5)  # boards say hello

    # --- time --------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let time pass; boards, folds and hours keep up."""
        time = self.house.time
        end_ms = time.now_ms + round(seconds * 1000)
        while time.now_ms < end_ms:
            time.now_ms = min(end_ms, self._next_ms(time.now_ms))
            self.house.live()
            if time.summing and time.now_ms % SUM_EVERY_MS == SUM_MS:
                self.house.sum_hours()

    def _next_ms(self, now_ms: int) -> int:
        still_ms = now_ms - self._stirred_ms
        tick_ms = 500 if still_ms < 30_000 else 10_000 if still_ms < 660_000 else HOUR_MS
        hour_ms = now_ms // HOUR_MS * HOUR_MS
        stops = [hour_ms + HOUR_MS, now_ms // tick_ms * tick_ms + tick_ms]
        if self.house.time.summing:  # just before an hour ends, and when it is summed
            stops += [hour_ms + SUM_MS, hour_ms + HOUR_MS - 1000]
        stops += [board.next_ms() for board in self.house.boards.values()]
        return min(stop for stop in stops if stop > now_ms)

    def at(self, clock: str) -> None:
        """Wait until the farm's clocks show HH:MM."""
        now = self._local()
        hour, minute = map(int, clock.split(":"))
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        then += timedelta(days=then <= now)
        self.wait((then - now).total_seconds())

    def days(self, count: int) -> None:
        """Wait for whole days."""
        self.wait(count * 86_400)

    def _local(self) -> datetime:
        now = datetime.fromtimestamp(self.house.time.now_ms / 1000, UTC)
        return now.astimezone(self.house.config.zone)

    def begin(self) -> None:
        """Say that the story begins here: ``sentences`` tells of what follows."""
        self._begun_ms = self.house.time.now_ms

    def sum_hours(self) -> None:
        """Keep raw readings from now on, and sum them by the hour, as the daemon does."""
        self.house.time.summing = True

    # --- at a cabinet ------------------------------------------------------------------------

    def act(self, cabinet: str, verb: str, operand: str = "") -> None:
        self._stirred_ms = self.house.time.now_ms
        self.house.boards[CABINETS[cabinet]].act(verb, operand)

    def badge(self, who: str, cabinet: str = "cab-1") -> None:
        """Hold a badge to the reader: a person's, or any UID."""
        self.act(cabinet, "badge", BADGES.get(who, who))
        self.wait(1)

    def open(self, cabinet: str = "cab-1") -> None:
        self.act(cabinet, "door_open")
        self.wait(1)

    def close(self, cabinet: str = "cab-1") -> None:
        """Close the door, and wait until the opening is understood."""
        self.act(cabinet, "door_close")
        self.wait(15)

    @contextmanager
    def opening(self, who: str = "Ana", cabinet: str = "cab-1") -> Iterator[None]:
        """Badge, door open, what is done inside, door closed."""
        self.badge(who, cabinet)
        self.open(cabinet)
        yield
        self.close(cabinet)

    def take(self, thing: str, cabinet: str = "cab-1", *, tag: bool = True) -> None:
        """Take a package out; ``tag`` = False: its tag stays behind."""
        del self.loads[cabinet][thing]
        self._weigh(cabinet)
        if tag:
            self.wait(0.5)
            self.act(cabinet, "tag_out", self.tags[thing])
        self.wait(3)

    def put(self, thing: str, grams: int, cabinet: str = "cab-1", *, tag: bool = True) -> None:
        """Put a package in that weighs so much now; ``tag`` = False: without its tag."""
        self.loads[cabinet][thing] = grams
        if tag:
            self.act(cabinet, "tag_in", self.tags[thing])
            self.wait(0.5)
        self._weigh(cabinet)
        self.wait(3)

    def pour(self, thing: str, grams: int, cabinet: str = "cab-1") -> None:
        """Pour out of a package that stays where it is, in one go the scale sees."""
        self.loads[cabinet][thing] -= grams
        self._weigh(cabinet)
        self.wait(3)

    def seep(self, thing: str, grams: int, cabinet: str = "cab-1") -> None:
        """Let grams go so slowly that the board makes no event of it."""
        self.loads[cabinet][thing] -= grams
        self._settle(cabinet)

    def drift(self, permille: int, cabinet: str = "cab-1") -> None:
        """Let the scale read so much too much from now on (negative: too little)."""
        self.gain_permille[cabinet] = 1000 + permille
        self._settle(cabinet)

    def use(self, package: str, grams: int, who: str = "Ana", cabinet: str = "cab-1") -> None:
        """Take a package and bring it back lighter, in one opening."""
        with self.opening(who, cabinet):
            left_g = self.loads[cabinet][package] - grams
            self.take(package, cabinet)
            self.put(package, left_g, cabinet)

    def _weigh(self, cabinet: str) -> None:
        self.act(cabinet, "weight", str(self._read_g(cabinet)))

    def _read_g(self, cabinet: str) -> int:
        return sum(self.loads[cabinet].values()) * self.gain_permille[cabinet] // 1000

    def _settle(self, cabinet: str) -> None:
        world = self.house.boards[CABINETS[cabinet]].world
        world.counts = self._read_g(cabinet) * COUNTS_PER_G

    # --- what befalls boards and node --------------------------------------------------------

    def cut(self, cabinet: str) -> None:
        """Pull the cable of a board: it goes on and keeps what it has to tell."""
        self.house.boards[CABINETS[cabinet]].cut = True

    def join(self, cabinet: str) -> None:
        """Plug the cable in again."""
        self.house.boards[CABINETS[cabinet]].cut = False
        self._stirred_ms = self.house.time.now_ms

    def replay(self, cabinet: str) -> None:
        """Play every event once more that a board ever told."""
        assert self.house.life is not None
        board = CABINETS[cabinet]
        said = b"".join(self.house.boards[board].said).splitlines(keepends=True)
        events = [frame for frame in said if frame.startswith(b"$E")]
        self.house.life.lines[board].listen(b"".join(events))
        self.house.life.keep_owed()
        self.wait(5)

    def noise(self, cabinet: str, noise: bytes) -> None:
        """Let something come in on the line that no board sent."""
        assert self.house.life is not None
        self.house.life.lines[CABINETS[cabinet]].listen(noise)

    def restart(self) -> None:
        """Kill the node and start it: all its memory is gone, the boards have power."""
        self.house.stop()
        self.house.start()
        self._stirred_ms = self.house.time.now_ms

    def power_cut(self, seconds: float) -> None:
        """Cut the power of node and boards; all start anew, and nobody saw what happened."""
        self.house.stop()
        self.wait(seconds)
        for board in self.house.boards.values():
            board.reset()
        self.house.start()
        self._stirred_ms = self.house.time.now_ms
        self.wait(3)

    # --- what people declare -----------------------------------------------------------------

    def declare(self, kind: str, /, **facts: Json) -> Stored:
        """Ask by POST /api/v1/requests, with names for persons; return what was stored."""
        named: dict[str, Json] = {
            fact: PEOPLE.get(str(value), value) if fact in NAMED else value
            for fact, value in facts.items()
        }
        asked = check_request({"id": self._request_id(), "kind": kind, "facts": named})
        if kind == Kind.CORRECTION_DECLARED:
            told = self.house.reader.event(str(named["corrects"]))
            assert told is not None
            asked = check_corrected(asked, told, told)
        self.house.declare(asked.kind, asked.facts, asked.request_id)
        self._stirred_ms = self.house.time.now_ms
        self.wait(1)
        stored = self.house.reader.by_origin(f"q/{asked.request_id}")
        assert stored is not None
        return stored

    def imports(self, content: bytes, by: str = "Ana") -> list[str]:
        """Hand in an invoice file by POST /api/v1/invoices; return its invoices' numbers."""
        invoices = read_invoices(content)
        self.house.keep(to_events(invoices, self.house.time.now_ms, PEOPLE[by]))
        self.wait(1)
        return [invoice.invoice for invoice in invoices]

    def accept(self, package: str) -> bool:
        """Let the centre take over, on both chains, what is offered to it; tell whether it did."""
        self.house.settle_ledgers()
        token_id = bytes.fromhex(str(self._row("package", package)["token_id"]))
        chains = self.house.chains
        told = [chains.centre.accept(one, token_id) for one in (chains.private, chains.public)]
        self.house.settle_ledgers()
        return all(told)

    def _request_id(self) -> str:
        self._asked += 1
        return str(UUID(int=self._asked, version=4))

    def photo(self, package: str, purpose: str, by: str = "Ana") -> str:
        """Keep a photo of a package; return its id."""
        request_id = self._request_id()
        facts = {"about": package, "by": PEOPLE[by], "purpose": purpose, "id": request_id}
        asked = check_photo(facts)
        picture = b"\x89PNG\r\n\x1a\n" + f"{package} {purpose} {self._asked}".encode()
        added = self.house.photos.add(picture, asked.facts, asked.request_id)
        self.wait(1)
        return added.photo

    def explain(self, rule: str, reason: str, text: str, by: str) -> None:
        """Give the reason of the newest open discrepancy of a rule."""
        found = [row for row in self._rows("discrepancy") if row["rule"] == rule]
        name = str(found[-1]["discrepancy"])
        self.declare("discrepancy_explained", discrepancy=name, reason=reason, text=text, by=by)

    def deliver(self, package: str, gross_g: int = 5840, /, **other: Json) -> None:
        """Declare a delivery of 5,840 g in a rigid container of 310 g, with a tag of its own.

        ``gross_g`` = 0: nobody weighed it.
        """
        number = len(self.tags) + 1
        self.tags[package] = str(other.pop("tag", f"04A1B2C3D4E5{number:02X}"))
        facts: dict[str, Json] = {
            "package": package,
            "gtin": GTIN,
            "serial": f"SN-{package}",
            "lot": "L2406B",
            "expires_on": "2028-06-30",
            "invoice": "NF-000123",
            "tag": self.tags[package],
            **({"gross_g": gross_g, "tare_g": 310} if gross_g else {}),
            "source": "dealer-1",
            "site": "cab-1",
            "by": "Ana",
        }
        self.declare("delivery_declared", **(facts | other))

    def _rows(self, table: str, order: str = "as_of_seq") -> list[RowValues]:
        return self.house.reader.rows(table, order=order, limit=10_000)

    def _row(self, table: str, package: str) -> RowValues:
        (row,) = self.house.reader.rows(table, {"package": package})
        return row
