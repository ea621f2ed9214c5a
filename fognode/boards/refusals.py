"""What was turned away at the network's door: counted, and told without flooding the record.

One cause is what was wrong and for which board.  It is told when it reaches its number, then at
most once a minute with how often it came meanwhile: somebody who knocks a thousand times a
second is one event a minute.  Names that nobody configured are one cause: they are free to make.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fognode.boards.told import Moment
from fognode.events import Event, Json, Kind

TELL_MS = 60_000
# A line of another connection may still be on its way when a board starts anew.
SURE = {"bad_mac": 3, "replayed": 3}


@dataclass(slots=True)
class _Cause:
    count: int = 0  # since last told
    peer: str = ""  # the newest
    claimed: str = ""  # the name it gave
    told_mono_ms: int | None = None


class Refusals:
    """The causes of one listener; on its thread only."""

    def __init__(self, places: Callable[[str], str | None]) -> None:
        self._place_of = places  # None = no such board
        self._causes: dict[tuple[str, str], _Cause] = {}

    def note(self, what: str, claimed: str, peer: str) -> None:
        """Count one refusal of who called itself ``claimed``, at address ``peer``."""
        board = claimed if self._place_of(claimed) is not None else ""
        cause = self._causes.setdefault((what, board), _Cause())
        cause.count += 1
        cause.peer, cause.claimed = peer, claimed

    def due(self, at: Moment) -> list[Event]:
        """Return what is to be told now; each count is told once."""
        return [
            self._tell(what, board, cause, at)
            for (what, board), cause in self._causes.items()
            if cause.count >= SURE.get(what, 1)
            and (cause.told_mono_ms is None or at.mono_ms - cause.told_mono_ms >= TELL_MS)
        ]

    def _tell(self, what: str, board: str, cause: _Cause, at: Moment) -> Event:
        facts: dict[str, Json] = {
            "what": what,
            "board": board,
            "place": self._place_of(board) or "",
            "claimed": cause.claimed,
            "peer": cause.peer,
            "count": cause.count,
        }
        cause.count, cause.told_mono_ms = 0, at.mono_ms
        return Event(
            kind=Kind.BOARD_REFUSED,
            origin=f"n/board_refused/{what}/{board}/{at.wall_ms}",
            happened_at_ms=at.wall_ms,
            facts=facts,
        )
