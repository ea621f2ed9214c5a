from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.custody import fold
from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _ledger(story: "Story", chain: str, kind: int, seq: int, word: str = "final") -> None:
    token = story.package()["token_id"]
    assert isinstance(token, str)
    facts: dict[str, Json] = {"chain": chain, "token_id": token, "kind": kind, "seq": seq}
    story.tell(f"ledger_{word}", 500, **facts, tx_hash=f"0x{chain}{kind}")


def _returned(story: "Story", shown: bool = True) -> None:
    story.visit(100, story.GLY, 5840, 320)
    facts: dict[str, Json] = {"package": story.GLY, "by": story.ANA}
    evidence: dict[str, Json] = {"witness": story.BOB} if shown else {}
    story.tell("rinse_declared", 200, **facts, rinses=3, punctured=1, **evidence)
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


def test_packaging_that_does_not_go_back_earns_nothing(story: "Story") -> None:
    story.tell("person_set", 0, person=story.ANA, alias="ana-7", badge=story.BADGE_ANA)
    product: dict[str, Json] = {"gtin": "7891234567895", "name": "Phosphide"}
    story.tell("product_set", 0, **product, packaging="not_returnable")
    story.deliver(story.GLY, "SN0042", 5840)
    assert story.package()["state"] == 1
    for chain in ("private", "public"):
        _ledger(story, chain, 1, 1)
    assert _steps(story) == []


def test_whole_journey_earns_six_and_a_replay_nothing(stocked: "Story") -> None:
    """A92, A124."""
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


def _final(story: "Story") -> None:
    for chain in ("private", "public"):
        _ledger(story, chain, 1, 1)
        _ledger(story, chain, 104, 4)
        _ledger(story, chain, 200, 5)
        _ledger(story, chain, 201, 6, "seen")


def _correct(story: "Story", kind: str, at_s: float, **facts: Json) -> None:
    [told] = [told for told in story.record if told.kind == kind and told.text("package")]
    base: dict[str, Json] = {"corrects": told.event_id, "reason": "told wrongly", "by": story.BOB}
    story.tell("correction_declared", at_s, **(base | facts))


def _total(story: "Story") -> int:
    rows = [values for (table, _), values in story.rows.items() if table == "points"]
    return sum(int(str(values["points"])) for values in rows)


def test_a_step_that_nothing_shows_earns_no_points(stocked: "Story") -> None:
    _returned(stocked, shown=False)
    _final(stocked)
    assert _steps(stocked) == [("received", 1), ("returned", 3)]


def test_a_withdrawn_rinse_takes_its_points_back_once(stocked: "Story") -> None:
    _returned(stocked)
    _final(stocked)
    assert _total(stocked) == 6
    _correct(stocked, "rinse_declared", 600, withdraw=1)
    entry = stocked.rows["points", "GLY-0042/prepared/reversed"]
    assert (entry["points"], entry["step"], entry["public_tx"]) == (-2, "prepared", "0xpublic104")
    assert stocked.last("points_reversed")["reverses"] == "GLY-0042/prepared"
    _final(stocked)  # the ledgers cannot forget it: they alone earn nothing
    assert _total(stocked) == 4
    assert len(stocked.facts("points_reversed")) == 1


def test_a_rinse_that_stands_again_earns_again_under_another_entry(stocked: "Story") -> None:
    _returned(stocked)
    _final(stocked)
    _correct(stocked, "rinse_declared", 600, withdraw=1)
    rinse: dict[str, Json] = {"package": stocked.GLY, "rinses": 3, "punctured": 1}
    _correct(
        stocked, "rinse_declared", 610, facts={**rinse, "witness": stocked.BOB, "by": stocked.ANA}
    )
    assert _total(stocked) == 6
    assert "GLY-0042/prepared/2" in {key for table, key in stocked.rows if table == "points"}


def test_a_withdrawn_delivery_never_earned(stocked: "Story") -> None:
    for chain in ("private", "public"):
        _ledger(stocked, chain, 1, 1)
    assert _total(stocked) == 1
    gly = next(told for told in stocked.record if told.kind == "delivery_declared")
    facts: dict[str, Json] = {"corrects": gly.event_id, "reason": "not ours", "by": stocked.BOB}
    stocked.tell("correction_declared", 600, **facts, withdraw=1)
    assert _total(stocked) == 0
    assert stocked.package()["state"] == 0


def test_a_receipt_never_earns_more_returns_than_it_says(stocked: "Story") -> None:
    _returned(stocked)
    facts: dict[str, Json] = {"receipt": "R-1", "centre": "centre", "received_on": "2026-03-02"}
    facts |= {"batch": stocked.GLY, "unwashed": 0, "by": stocked.ANA}
    stocked.tell("receipt_declared", 400, **facts, washed=0)
    _final(stocked)
    assert ("returned", 3) not in _steps(stocked)
    told = stocked.record[-1]
    [told] = [told for told in stocked.record if told.kind == "receipt_declared"]
    mended: dict[str, Json] = {"corrects": told.event_id, "reason": "misread", "by": stocked.BOB}
    stocked.tell("correction_declared", 600, **mended, facts={**facts, "washed": 1})
    assert ("returned", 3) in _steps(stocked)
    stocked.tell(
        "correction_declared",
        700,
        corrects=stocked.record_of("correction_declared").event_id,
        reason="read again",
        by=stocked.BOB,
        facts={**facts, "washed": 0},
    )
    assert _total(stocked) == 3


def test_a_clock_set_back_earns_nothing_more(stocked: "Story") -> None:
    _returned(stocked)
    _final(stocked)
    for chain in ("private", "public"):
        token = stocked.package()["token_id"]
        facts: dict[str, Json] = {"chain": chain, "token_id": str(token), "kind": 104, "seq": 4}
        stocked.tell("ledger_final", -90_000, **facts, tx_hash="0xother")
    assert _total(stocked) == 6


def test_an_honest_farm_of_bags_reaches_the_same_six(story: "Story") -> None:
    story.farm()
    story.tell("product_set", 0, gtin="96385074", name="Bag", packaging="flexible")
    story.deliver("BAG-1", "B1", 1000, gtin="96385074", tag="04FFEEDD", tare_g=200)
    bag = story.custody.packages.packages["BAG-1"]
    bag.state, bag.gross_g = 3, 210
    facts: dict[str, Json] = {"package": "BAG-1", "by": story.ANA}
    story.tell("seal_declared", 3, **facts, bag="B-7", segregated=1, witness=story.BOB)
    story.tell("exit_declared", 4, **facts, destination="centre")
    for chain in ("private", "public"):
        for word, kind, seq in (
            ("final", 1, 1),
            ("final", 114, 4),
            ("final", 200, 5),
            ("seen", 201, 6),
        ):
            token: dict[str, Json] = {"chain": chain, "token_id": bag.token_id, "kind": kind}
            story.tell(f"ledger_{word}", 5, **token, seq=seq, tx_hash=f"0x{chain}{kind}")
    assert _total(story) == 6


HONEST = ("rinse", "exit", "final")
DEEDS = ("rinse", "bare", "exit", "receipt", "final", "withdraw", "mend", "again")


def _do(story: "Story", deed: str, at_s: float) -> None:
    facts: dict[str, Json] = {"package": story.GLY, "by": story.ANA}
    rinse: dict[str, Json] = {**facts, "rinses": 3, "punctured": 1}
    receipt: dict[str, Json] = {"receipt": f"R-{at_s}", "centre": "c", "received_on": "2026-03-02"}
    receipt |= {"batch": story.GLY, "unwashed": 0, "washed": round(at_s) % 2, "by": story.ANA}
    if deed in {"rinse", "bare"}:
        shown: dict[str, Json] = {"witness": story.BOB} if deed == "rinse" else {}
        story.tell("rinse_declared", at_s, **(rinse | shown))
    elif deed == "exit":
        story.tell("exit_declared", at_s, **facts, destination="centre")
    elif deed == "receipt":
        story.tell("receipt_declared", at_s, **receipt)
    elif deed == "final":
        _final(story)
    else:
        declared = [one for one in story.record if one.kind.endswith("_declared")]
        told = declared[round(at_s) % len(declared)] if deed != "again" else declared[-1]
        says: dict[str, Json] = {"withdraw": 1}
        if deed == "mend" and told.kind in {"rinse_declared", "exit_declared"}:
            says = {"facts": {**told.facts}}
        about: dict[str, Json] = {"corrects": told.event_id, "reason": "x", "by": story.BOB}
        story.tell("correction_declared", at_s, **about, **says)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(DEEDS), max_size=14).map(lambda deeds: [*HONEST, *deeds]))
def test_whatever_is_done_no_step_counts_twice_and_a_second_run_says_the_same(
    new_story: "type[Story]", deeds: list[str]
) -> None:
    story = new_story()
    story.stocked()
    story.visit(100, story.GLY, 5840, 320)
    for number, deed in enumerate(deeds):
        _do(story, deed, 200 + number)
        for step, most in (("received", 1), ("prepared", 2), ("returned", 3)):
            rows = [v for (table, _), v in story.rows.items() if table == "points"]
            entries = story.facts("points_earned") + story.facts("points_reversed")
            assert sum(int(str(f["points"])) for f in entries if f["step"] == step) in {0, most}
            assert sum(int(str(v["points"])) for v in rows if v["step"] == step) in {0, most}
    origins = [told.origin for told in story.record]
    assert len(origins) == len(set(origins))
    again, found = fold.Custody(zone=story.custody.zone), dict[tuple[str, str], object]()
    kept = {told.origin: told.facts for told in story.record}
    for told in story.record:
        outcome = fold.step(again, told)
        for event in outcome.events:
            assert kept[event.origin] == event.facts
        for row in outcome.rows:
            found[row.table, str(next(iter(row.values.values())))] = row.values
    mine = {"points", "way_back", "batch", "deadline", "counter"}
    assert {k: v for k, v in found.items() if k[0] in mine} == {
        k: v for k, v in story.rows.items() if k[0] in mine
    }
