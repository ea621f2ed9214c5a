from typing import Any

import pytest

from fognode.events import Kind, Stored
from fognode.ledgers.steps import Token, steps_for

NOW_MS = 1_795_241_520_000
FIRST = "13c61f0b4dbac55b1e26b7445599f1ed"


def told(kind: str, **facts: Any) -> Stored:
    return Stored(
        seq=1,
        event_id="0" * 32,
        kind=kind,
        origin="q/1",
        happened_at_ms=NOW_MS,
        recorded_at_ms=NOW_MS,
        facts=facts,
        body=b"{}",
    )


def token(**facts: Any) -> Token:
    return Token(label=told(Kind.NEW_PRODUCT_ENTRY, package="pkg-1"), site="cab-1", **facts)


@pytest.mark.parametrize(
    ("action", "kinds"),
    [("out", [102, 1001]), ("used", [102, 1003]), ("back", [1002]), ("stored", [1004])],
)
def test_first_use_is_told_with_the_visit(action: str, kinds: list[int]) -> None:
    found = steps_for(token(), told(Kind.HANDLE_PRODUCT, action=action, cabinet="cab-2"))
    assert [one.kind for one in found] == kinds
    again = steps_for(token(life=102), told(Kind.HANDLE_PRODUCT, action=action, cabinet="cab-2"))
    assert [one.kind for one in again] == kinds[-1:]


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"action": "used", "used_g": 1840, "weight_g": 5840}, "used, 1840 g; lifted at 5840 g"),
        ({"action": "used", "weight_g": 5840}, "used; lifted at 5840 g"),
        ({"action": "used"}, "used"),
        ({"action": "out", "weight_g": 5410}, "out, 5410 g"),
        ({"action": "back", "weight_g": 4000, "used_g": 1410}, "back, 4000 g"),
    ],
)
def test_a_use_says_what_was_used_and_apart_what_the_package_weighed(
    facts: dict[str, Any], note: str
) -> None:
    found = steps_for(token(life=102), told(Kind.HANDLE_PRODUCT, cabinet="cab-2", **facts))
    assert [one.observation for one in found] == [note]


def test_who_authorised_is_named_only_where_somebody_did() -> None:
    facts = {"action": "out", "person": "ana", "authorised_by": "joe"}
    assert [
        one.authorised_by for one in steps_for(token(), told(Kind.HANDLE_PRODUCT, **facts))
    ] == [
        "joe",
        "joe",
    ]
    for other in (told(Kind.NEW_PRODUCT_ENTRY, by="ana"), told(Kind.PACKAGE_EMPTIED, person="ana")):
        born = None if other.kind == Kind.NEW_PRODUCT_ENTRY else token()
        assert {one.authorised_by for one in steps_for(born, other)} == {""}


def test_correction_that_makes_it_the_first_use_opens_the_package_too() -> None:
    anew = told(Kind.HANDLE_PRODUCT, action="used", cabinet="cab-2", corrects=FIRST)
    assert [one.kind for one in steps_for(token(), anew)] == [102, 1009]


def test_a_deed_that_never_was_calls_for_a_record_of_that_and_for_nothing_else() -> None:
    gone = told(Kind.HANDLE_PRODUCT, action="withdrawn", cabinet="cab-2", corrects=FIRST)
    [one] = steps_for(token(life=102), gone)
    assert (one.method, one.kind) == ("record", 1009)
    assert one.observation == f"corrects {FIRST}: it did not happen"


def test_token_that_the_centre_took_over_is_written_on_no_more() -> None:
    given = token(life=104, batch="b-1", is_theirs=True)
    late = told(Kind.HANDLE_PRODUCT, action="back", cabinet="cab-1", corrects=FIRST)
    assert steps_for(given, late) == []
    assert steps_for(given, told(Kind.PACKAGE_RESTATED, was=6, state=6, by="")) == []
    receipt = told(Kind.RECEIPT_MATCHED, receipt="R-1", missing=0)
    assert [one.method for one in steps_for(given, receipt)] == ["report"]


def test_package_that_is_not_born_owes_nothing_and_is_born_once() -> None:
    assert steps_for(None, told(Kind.PACKAGE_EMPTIED)) == []
    assert [one.kind for one in steps_for(None, told(Kind.NEW_PRODUCT_ENTRY))] == [1]
    assert steps_for(token(), told(Kind.NEW_PRODUCT_ENTRY)) == []
    assert steps_for(token(), told(Kind.DAILY_DIGEST)) == []


@pytest.mark.parametrize(
    ("facts", "kind"), [({"route": "bagged"}, 114), ({"packaging": "flexible"}, 114), ({}, 104)]
)
def test_route_decides_what_prepared_means(facts: dict[str, str], kind: int) -> None:
    found = steps_for(token(life=103), told(Kind.PACKAGE_PREPARED, **facts))
    assert [one.kind for one in found] == [kind]


@pytest.mark.parametrize(
    ("was", "state", "method", "kind"),
    [(5, 4, "withdrawOffer", 202), (4, 3, "record", 1009)],
)
def test_only_a_package_that_had_left_takes_its_offer_back(
    was: int, state: int, method: str, kind: int
) -> None:
    [one] = steps_for(token(life=104), told(Kind.PACKAGE_RESTATED, was=was, state=state))
    assert (one.method, one.kind) == (method, kind)


@pytest.mark.parametrize(
    ("movement", "delta_g", "kind"),
    [("defective", -1, 1005), ("dispose", 0, 1006), ("defective", 1, 1009), ("use", -1, 0)],
)
def test_goods_that_part_are_recorded_and_their_correction_too(
    movement: str, delta_g: int, kind: int
) -> None:
    found = steps_for(token(), told(Kind.STOCK_MOVED, movement=movement, delta_g=delta_g))
    assert [one.kind for one in found] == ([kind] if kind else [])
