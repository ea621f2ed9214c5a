"""What boards, sensors and cameras tell that is worth an alert; pure."""

from collections import deque
from collections.abc import Callable

from fognode.alerts.alarms import Alarm, warn
from fognode.events import Kind, Stored

PROTOCOL = 1  # of the line, docs/protocol.md
# Single refused frames happen on any long line; ten a minute are a fault or an attack.
REJECTED_MANY, REJECTED_MS = 10, 60_000


def rejected(lately: dict[str, deque[int]], told: Stored) -> Alarm | None:
    """Return the alarm of a board whose events are refused too often.

    Counts refused board events in ``lately``, by board.
    """
    board = told.text("board")
    if "board" not in told.facts:
        return None  # a person's request: they were answered
    if told.text("what") != "bad_frames":  # those are counted on the line already
        newest = lately.setdefault(board, deque(maxlen=REJECTED_MANY))
        newest.append(told.happened_at_ms)
        if len(newest) < REJECTED_MANY or newest[-1] - newest[0] > REJECTED_MS:
            return None
    text = f"Much of what board {board or told.text('value')} says is refused: "
    return warn("board_rejected", told, board, text + told.text("reason"))


def fault(told: Stored) -> Alarm | None:
    """Return the alarm of a sensor that reports a fault, None once it works again."""
    if told.number("code") == 0:
        return None  # the sensor works again
    board, sensor = told.text("board"), told.text("sensor")
    text = f"Sensor {sensor} of board {board} reports fault {told.number('code')}."
    return warn("sensor_fault", told, f"{board}:{sensor}", text)


DOUBTS = {
    "dead": "tells nothing any more, though its board speaks",
    "stuck": "has read exactly {value} for longer than a real one can",
    "impossible": "read {value}, which cannot be",
    "drift": "went from {reference} to {value} counts without anything taken or put",
}


def _doubted(told: Stored) -> Alarm:
    board, sensor, what = told.text("board"), told.text("sensor"), told.text("what")
    words = DOUBTS.get(what, what).format(
        value=told.number("value"), reference=told.number("reference")
    )
    return warn(told.kind, told, doubt_of(told), f"Sensor {sensor} of board {board} {words}.")


def doubt_of(told: Stored) -> str:
    """Return the subject of a doubted sensor's alert."""
    return f"{told.text('board')}:{told.text('sensor')}:{told.text('what')}"


def _board(words: str) -> Callable[[Stored], Alarm]:
    def alarm(told: Stored) -> Alarm:
        board = told.text("board")
        return warn(told.kind, told, board, f"Board {board} {words}.")

    return alarm


def _unknown(told: Stored) -> Alarm:
    board, protocol = told.text("board"), told.number("protocol", PROTOCOL)
    if protocol != PROTOCOL:
        text = f"Board {board} speaks protocol {protocol}, not {PROTOCOL}: flash its firmware."
    else:
        text = f"Board {board} is not in the configuration."
    return warn(told.kind, told, board, text)


FORGED = {
    "bad_mac": "does not have the key of board {board}, or altered what it said",
    "replayed": "says again what board {board} said before",
}
TURNED_AWAY = {
    "unknown_board": "calls itself {claimed}, which may not speak by Ethernet",
    "not_enrolled": "is board {board}, which is retired",
    "contradicts": "is several boards at once, or speaks another protocol",
    "noise": "says what no board says",
    "too_many": "connects too often",
}


def _turned_away(told: Stored) -> Alarm:
    what, board, peer = told.text("what"), told.text("board"), told.text("peer")
    words = FORGED.get(what) or TURNED_AWAY.get(what, what)
    count = told.number("count")
    said = words.format(board=board, claimed=told.text("claimed")[:8])
    return Alarm(
        rule="board_forged" if what in FORGED else told.kind,
        severity="critical" if what in FORGED else "warning",
        place=told.text("place"),
        subject=board or what,
        text=f"Whoever connects from {peer} {said}: refused, {count} times."[:300],
    )


def _not_pictured(told: Stored) -> Alarm:
    camera, cabinet = told.text("camera"), told.text("cabinet")
    text = f"Camera {camera} has no picture of an opening of {cabinet}: {told.text('reason')}"
    return warn(told.kind, told, camera, text)


RULES: dict[str, Callable[[Stored], Alarm | None]] = {
    Kind.BOARD_SILENT: _board("is silent"),
    Kind.BOARD_LOST: _board("lost events: its memory was full"),
    Kind.BOARD_GAP: _board("left out events"),
    Kind.BOARD_UNKNOWN: _unknown,
    Kind.BOARD_CONTRADICTS: _board("contradicts what it said before"),
    Kind.BOARD_REFUSED: _turned_away,
    Kind.SENSOR_DOUBTED: _doubted,
    Kind.PHOTO_MISSED: _not_pictured,
}
