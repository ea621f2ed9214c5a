"""What a board's lane tells of its own: hellos, gaps, losses, contradictions; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fognode.boards import wire
from fognode.boards.starts import Start
from fognode.events import Event, Json, Kind
from fognode.hashing import canonical_bytes, sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something arrived."""

    wall_ms: int  # UTC
    mono_ms: int


@dataclass(frozen=True, slots=True)
class Owed:
    """An event to hand up; ``kept`` is to be called on the line thread after COMMIT."""

    event: Event
    kept: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Teller:
    """Words the events that the node itself tells of one board."""

    board: str
    place: str

    def hello(
        self,
        boot: int,
        hello: wire.Hello,
        declared: Iterable[wire.Declare],
        at: Moment,
        ms: int | None,
    ) -> Event:
        """Tell that a start began, once for each widened ``boot``; ``ms`` is of its clock."""
        sensors: list[Json] = [
            {"sensor": d.sensor, "type": d.type, "unit": d.unit, "period_ms": d.period_ms}
            for d in declared
        ]
        facts: dict[str, Json] = {
            "boot": boot,
            "kind": hello.kind,
            "version": hello.version,
            "sensors": sensors,
        }
        # The origin names the start: after a restart of the node the store still keeps it once.
        origin = f"n/board_hello/{self.board}/{boot}"
        return self._event(Kind.BOARD_HELLO, origin, at, facts, ms)

    def went_back(self, boot: int, before: int, at: Moment) -> Event:
        """Tell that the number of the starts went back (widened boots)."""
        facts: dict[str, Json] = {"what": "boot_went_back", "boot": boot, "boot_before": before}
        origin = f"n/board_contradicts/{self.board}/{boot}"
        return self._event(Kind.BOARD_CONTRADICTS, origin, at, facts)

    def replayed(self, frame: wire.BoardEvent, at: Moment) -> Event:
        """Tell that a start is a recording of an earlier one; ``frame`` is what proved it."""
        facts: dict[str, Json] = {"what": "replayed", "boot": frame.boot, "again": _brief(frame)}
        origin = f"n/board_contradicts/{self.board}/replayed/{frame.boot}/{at.wall_ms}"
        return self._event(Kind.BOARD_CONTRADICTS, origin, at, facts)

    def lost(self, boot: int, lost: int, before: int, at: Moment) -> Event:
        """Tell how many events the board overwrote since its start, by its own count."""
        facts: dict[str, Json] = {"boot": boot, "lost": lost, "lost_before": before}
        origin = f"n/board_lost/{self.board}/{boot}/{lost}"
        return self._event(Kind.BOARD_LOST, origin, at, facts)

    def gap(self, start: Start, last: int, greeted_ms: int) -> Event:
        """Tell that the counts up to ``last`` will never come."""
        first = start.offered + 1
        return Event(
            kind=Kind.BOARD_GAP,
            origin=f"n/board_gap/{self.board}/{start.boot}/{first}-{last}",
            happened_at_ms=start.newest[0] if start.newest else greeted_ms,
            facts={
                "board": self.board,
                "place": self.place,
                "boot": start.boot,
                "from_count": first,
                "to_count": last,
                "missing": last - first + 1,
            },
        )

    def told_otherwise(
        self, start: Start, count: int, first: wire.BoardEvent, again: wire.BoardEvent
    ) -> tuple[str, dict[str, Json]]:
        """Return origin and facts of a count that is told again with other content."""
        facts: dict[str, Json] = {
            "board": self.board,
            "place": self.place,
            "what": "told_again_otherwise",
            "first": _brief(first),
            "again": _brief(again),
        }
        mark = sha256(canonical_bytes(facts)).hex()[:16]
        return f"b/{self.board}/{start.boot}/{count}/x/{mark}", facts

    def _event(
        self,
        kind: Kind,
        origin: str,
        at: Moment,
        facts: dict[str, Json],
        board_ms: int | None = None,
    ) -> Event:
        return Event(
            kind=kind,
            origin=origin,
            happened_at_ms=at.wall_ms,
            facts={"board": self.board, "place": self.place, **facts},
            board_ms=board_ms,
        )


def _brief(frame: wire.BoardEvent) -> str:
    return f"{frame.ms},{frame.sensor},{frame.word},{frame.value}"
