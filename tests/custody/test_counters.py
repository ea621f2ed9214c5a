"""Scales beside the points (requirement A94)."""

from typing import TYPE_CHECKING

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def count(story: "Story", scale: str) -> object:
    return story.rows.get(("counter", scale), {}).get("count", 0)


def test_each_scale_counts_its_own(stocked: "Story") -> None:
    assert count(stocked, "participation") == 2  # two entries
    token = str(stocked.package()["token_id"])
    final: dict[str, Json] = {"token_id": token, "kind": 1001, "seq": 2, "tx_hash": "0x1"}
    stocked.tell("ledger_final", 50, **final, chain="private")
    stocked.tell("document_accepted", 60, peer="dealer-1")
    stocked.tell("ledger_final", 70, **final, chain="public")
    stocked.tell("checkpoint_anchored", 80, chain="public")
    stocked.tell("checkpoint_anchored", 81, chain="private")
    assert [count(stocked, scale) for scale in ("data_sent", "data_disclosed")] == [2, 2]
    assert count(stocked, "participation") == 2
    stocked.visit(100, stocked.GLY, 5840, 320)
    assert count(stocked, "participation") == 3
    assert stocked.facts("points_earned") == []  # none of it is a point


def test_a_correction_is_no_participation(story: "Story") -> None:
    story.farm()
    told = next(one for one in story.record if one.kind == "delivery_declared")
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "lot", "by": story.BOB}
    story.tell("correction_declared", 5, **about, facts={**told.facts, "lot": "L9"})
    assert count(story, "participation") == 2
