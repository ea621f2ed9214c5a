from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _ledger(story: "Story", chain: str, kind: int, seq: int, word: str = "final") -> None:
    token = story.package()["token_id"]
    assert isinstance(token, str)
    facts: dict[str, Json] = {"chain": chain, "token_id": token, "kind": kind, "seq": seq}
    story.tell(f"ledger_{word}", 500, **facts, tx_hash=f"0x{chain}{kind}")


def _returned(story: "Story") -> None:
    story.visit(100, story.GLY, 5840, 320)
    facts: dict[str, Json] = {"package": story.GLY, "by": story.ANA}
    story.tell("rinse_declared", 200, **facts, rinses=3, punctured=1)
    story.tell("exit_declared", 300, **facts, destination="centre")


def _steps(story: "Story") -> list[tuple[object, object]]:
    return [(facts["step"], facts["points"]) for facts in story.facts("points_earned")]


def test_point_for_receipt_needs_both_ledgers(stocked: "Story") -> None:
    _ledger(stocked, "private", 1, 1)
    _ledger(stocked, "private", 1, 1)
    assert _steps(stocked) == []
    _ledger(stocked, "public", 1, 1)
    assert stocked.last("points_earned") == {
        "package": "GLY-0042",
        "step": "received",
        "points": 1,
        "private_tx": "0xprivate1",
        "public_tx": "0xpublic1",
        "token_id": stocked.package()["token_id"],
    }
    row = stocked.rows["points", "GLY-0042/received"]
    assert (row["points"], row["earned_at_ms"]) == (1, stocked.START_MS + 500_000)


def test_whole_journey_earns_six_and_a_replay_nothing(stocked: "Story") -> None:
    _returned(stocked)
    for _ in range(2):
        for chain in ("private", "public"):
            _ledger(stocked, chain, 1, 1)
            _ledger(stocked, chain, 104, 4)
            _ledger(stocked, chain, 200, 5)
            _ledger(stocked, chain, 201, 6, "seen")
    assert _steps(stocked) == [("received", 1), ("prepared", 2), ("returned", 3)]


def test_package_taken_over_from_a_shop_counts_as_received(stocked: "Story") -> None:
    _ledger(stocked, "private", 201, 3)
    _ledger(stocked, "public", 201, 3)
    assert _steps(stocked) == [("received", 1)]


def test_ledger_alone_earns_no_preparation(stocked: "Story") -> None:
    for chain in ("private", "public"):
        _ledger(stocked, chain, 104, 4)
    assert _steps(stocked) == []


def test_receipt_without_our_offer_before_it_earns_nothing(stocked: "Story") -> None:
    _returned(stocked)
    for chain in ("private", "public"):
        _ledger(stocked, chain, 201, 4, "seen")
    assert _steps(stocked) == []
    for chain in ("private", "public"):
        _ledger(stocked, chain, 200, 5)
    assert _steps(stocked) == []  # that acceptance was of something older


def test_receipt_may_be_seen_before_our_offer_is_final(stocked: "Story") -> None:
    _returned(stocked)
    for chain in ("private", "public"):
        _ledger(stocked, chain, 201, 6, "seen")
        _ledger(stocked, chain, 200, 5)
    assert _steps(stocked) == [("returned", 3)]


def test_receipt_of_a_package_that_never_left_earns_nothing(stocked: "Story") -> None:
    for chain in ("private", "public"):
        _ledger(stocked, chain, 200, 5)
        _ledger(stocked, chain, 201, 6, "seen")
    assert _steps(stocked) == []


@pytest.mark.parametrize(("chain", "word"), [("other", "final"), ("public", "failed")])
def test_other_ledgers_and_failed_steps_do_not_count(
    stocked: "Story", chain: str, word: str
) -> None:
    _ledger(stocked, "private", 1, 1)
    _ledger(stocked, chain, 1, 1, word)
    assert _steps(stocked) == []


def test_token_that_is_not_ours_earns_nothing(stocked: "Story") -> None:
    for chain in ("private", "public"):
        stocked.tell("ledger_final", 1, chain=chain, token_id="ff" * 32, kind=1, seq=1, tx_hash="0")
    assert _steps(stocked) == []
