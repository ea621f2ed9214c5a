"""Scales beside the points (requirement A94)."""

from typing import TYPE_CHECKING

import pytest

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


def disclose(story: "Story", at_s: float, **facts: Json) -> None:
    base: dict[str, Json] = {"to": "INDEA", "what": "evidence pack 6e34", "by": story.ANA}
    base |= {"from": "2026-02-01", "until": "2026-02-28"}
    story.tell("disclosure_declared", at_s, **(base | facts))


def test_what_a_named_person_disclosed_counts_once(stocked: "Story") -> None:
    disclose(stocked, 50)
    disclose(stocked, 60, to="indea ")
    assert stocked.refusals() == ["evidence pack 6e34"]
    disclose(stocked, 70, to="AgroSul Ltda")
    disclose(stocked, 80, until="2026-03-31")
    assert count(stocked, "data_disclosed") == 3
    assert count(stocked, "data_sent") == 0
    assert stocked.facts("points_earned") == []


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"by": "p9"}, "p9"),
        ({"what": " "}, " "),
        ({"from": "2026-03-01"}, "2026-03-01 2026-02-28"),
        ({"until": "2026-02-30"}, "2026-02-01 2026-02-30"),
    ],
)
def test_disclosure_names_who_to_whom_what_and_of_which_days(
    stocked: "Story", wrong: dict[str, Json], value: str
) -> None:
    disclose(stocked, 50, **wrong)
    assert stocked.refusals() == [value]
    assert count(stocked, "data_disclosed") == 0
