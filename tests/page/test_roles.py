import pytest

from fognode.events import REQUESTS, Kind
from fognode.page.roles import OPERATORS, may_declare

OWNERS_ALONE = {
    Kind.PRODUCT_SET,
    Kind.CROP_RULE_SET,
    Kind.SUPPLIER_SET,
    Kind.PERSON_SET,
    Kind.PERSON_ERASED,
    Kind.BADGE_REVOKED,
    Kind.ORDER_GIVEN,
    Kind.PRESCRIPTION_SET,
    Kind.OPENING_REVIEWED,
    Kind.CORRECTION_DECLARED,
    Kind.DISCLOSURE_DECLARED,
    Kind.LEDGER_RESUMED,
    Kind.BOARD_ENROLLED,
    Kind.BOARD_RETIRED,
    Kind.SCALE_CALIBRATED,
    Kind.SCALE_TARED,
    Kind.HOLD_SET,
    Kind.HOLD_LIFTED,
    Kind.PHOTO_ERASED,
    Kind.PHOTO_VIEWED,
    Kind.ANCHOR_ASKED,
}


def test_every_kind_is_an_operators_or_the_owners_alone() -> None:
    assert set(OPERATORS) | OWNERS_ALONE == set(REQUESTS)
    assert set(OPERATORS) & OWNERS_ALONE == set()


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("owner", set(REQUESTS)),
        ("operator", set(OPERATORS)),
        ("inspector", set()),
        ("", set()),
        ("Owner", set()),
    ],
)
def test_role_may_declare_what_is_its_own(role: str, kinds: set[str]) -> None:
    assert {kind for kind in REQUESTS if may_declare(role, kind)} == kinds
