"""Frames of one board, and what its lane makes of them."""

from typing import Any

from fognode.boards.lane import Lane
from fognode.boards.told import Moment, Owed
from fognode.boards.wire import BoardEvent, Declare, Frame, Heartbeat, Hello

WALL = 1_795_241_520_000


def lane(boot: int = 0, count: int = 0) -> Lane:
    return Lane(
        board="cab01", place="shed", counts_per_kg=40_000, progress=lambda _board: (boot, count)
    )


def hello(boot: int = 17, ms: int = 5000) -> list[Frame]:
    head: Any = {"board": "cab01", "boot": boot, "ms": ms}
    return [
        Hello(**head, protocol=1, kind="cabinet", version="0.1.0", declares=2),
        Declare(**head, sensor="L1", type="light", unit="counts", period_ms=100),
        Declare(**head, sensor="W1", type="weight", unit="counts", period_ms=100),
    ]


def light(seq: int, value: int = 859, boot: int = 17, ms: int = 2000) -> BoardEvent:
    return BoardEvent(
        board="cab01", boot=boot, ms=ms, seq=seq, sensor="L1", word="open", value=str(value)
    )


def beat(lost: int, ms: int = 5000) -> Heartbeat:
    return Heartbeat(board="cab01", boot=17, ms=ms, pending=0, lost=lost, free_bytes=1)


def hear(talk: Lane, *frames: Frame, at_ms: int = 0) -> list[Owed]:
    at = Moment(wall_ms=WALL + at_ms, mono_ms=at_ms)
    return [owed for frame in frames for owed in talk.hear(frame, at)]


def keep(owed: list[Owed]) -> list[str]:
    for one in owed:
        if one.kept:
            one.kept()
    return [one.event.origin for one in owed]


def orders(talk: Lane) -> list[tuple[int, int]]:
    told = []
    talk.ack = True
    while talk.ack:
        talk.ack = False
        if order := talk.order():
            told.append(order)
    return told
