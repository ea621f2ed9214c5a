"""kill -9 in the middle of the story, 20 times at random (requirements A33, A46, A66, A135)."""

import random
import threading
import time
from collections import Counter

import pytest

from fognode.trial import story
from fognode.trial.ending import missing_at_the_end
from fognode.trial.farm import Farm

pytestmark = pytest.mark.whole

KILLS = 20
SEED = 20260921
START_S = 1.0  # from start to ready on an idle machine
# On a loaded machine every life is as much longer as its start is, and so is the whole story.
PATIENCE = 4
CLOCKS_MS = 1000  # by which a board's time may be off; an opening is over after 4 s


def test_nothing_acknowledged_is_lost_or_doubled_by_20_kills(farm: Farm) -> None:
    farm.start()
    farm.patience = PATIENCE
    done = threading.Event()
    kills = threading.Thread(target=kill_at_random, args=(farm, done), daemon=True)
    kills.start()
    try:
        story.tell(farm, lambda line: None)
        while kills.is_alive():  # the story is over; the cabinet is still used
            open_and_shut(farm)
    finally:
        done.set()
        kills.join(60)
    assert not kills.is_alive()
    assert missing_at_the_end(farm) == []
    check_origins(farm)
    check_tokens(farm)


def open_and_shut(farm: Farm) -> None:
    """Open cabinet 1 and shut it, each until the record says so.

    It may say of an earlier opening once more that it is over: counting them is not enough, and
    a door that is opened again within the light's 150 ms was never shut.
    """
    began_ms = time.time_ns() // 1_000_000 - CLOCKS_MS
    opened: list[str] = []

    def is_open() -> bool:
        opened[:] = [
            event["event_id"]
            for event in farm.events("openBox")
            if event["facts"]["cabinet"] == "cab-1" and event["happened_at_ms"] >= began_ms
        ]
        return bool(opened)

    farm.boards["cab01"].door_open()
    farm.wait(is_open, 30, "cabinet 1 to be open")
    farm.boards["cab01"].door_close()
    farm.expect("box_closed", 30, opening=opened[-1])


def kill_at_random(farm: Farm, done: threading.Event) -> None:
    chance, slow = random.Random(SEED), 1.0
    for _ in range(KILLS):
        if done.wait(chance.uniform(0.2, 3.0) * slow):
            return
        farm.kill_daemon()
        slow = max(1.0, farm.start_daemon() / START_S)


def check_origins(farm: Farm) -> None:
    """Every count of every start of every board is there exactly once, without a hole."""
    events = farm.events()
    origins = Counter(event["origin"] for event in events)
    assert max(origins.values()) == 1
    counts: dict[str, list[int]] = {}
    for origin in origins:
        if origin.startswith("b/"):
            _, board, boot, count = origin.split("/")[:4]
            counts.setdefault(f"{board}/{boot}", []).append(int(count))
    assert counts
    for start, seen in counts.items():
        assert sorted(seen) == list(range(1, len(seen) + 1)), start
    assert not [e for e in events if e["kind"] in {"board_gap", "board_lost", "board_contradicts"}]


def check_tokens(farm: Farm) -> None:
    for chain in (farm.chains.private, farm.chains.public):
        with chain.token() as (_, token):
            logs = token.events.Record().get_logs(from_block=chain.deploy_block)
            assert len(token.events.Registered().get_logs(from_block=chain.deploy_block)) == 1
            seqs = [log["args"]["seq"] for log in logs]
            assert seqs == list(range(1, len(seqs) + 1))
            hashes = [log["args"]["dataHash"] for log in logs]
            assert len(set(hashes)) == len(hashes)
