"""Lets a lane pass until nothing moves, and tells what a chain has of a package."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fognode.ledgers.evm import ChainNode
    from fognode.ledgers.outbox import Lane
    from tests.ledgers.conftest import House, Package

NOW_MS = 1_795_241_520_000
PASSES = 40  # bound of every wait for a lane; a life takes 10


def run(lane: "Lane", house: "House", start_ms: int = NOW_MS) -> int:
    """Pass until nothing moves any more; return the time then."""
    now_ms, before = start_ms, list[str]()
    for _ in range(PASSES):
        lane.pass_once(now_ms)
        house.follow()
        now_ms += 500
        rows = house.outbox("private") + house.outbox("public")
        after = [f"{row['id']} {row['state']}" for row in rows]
        if after == before and not {r["state"] for r in rows} & {"SIGNED", "SENT", "MINED"}:
            break
        before = after
    return now_ms


def run_some(lane: "Lane", passes: int, start_ms: int = NOW_MS) -> None:
    for number in range(passes):
        lane.pass_once(start_ms + number * 500)


def history(node: "ChainNode", package: "Package") -> list[tuple[int, int]]:
    return [(record.seq, record.kind) for record in node.history(package.token)]
