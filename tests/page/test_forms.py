from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fognode.events import Kind
from fognode.page.declarations import DECLARATIONS
from fognode.page.forms import Choices, errors_of, facts_of, in_words, questions, values_of
from fognode.page.questions import SHEETS

CUIABA = ZoneInfo("America/Cuiaba")  # UTC-4, no summer time
USE = DECLARATIONS[Kind.USE_DECLARED]
DELIVERY = DECLARATIONS[Kind.DELIVERY_DECLARED]


def ask(kind: str, **values: str) -> dict[str, Any]:
    table = DECLARATIONS[kind]
    return {one.name: one for one in questions(kind, table, values, {}, Choices())}


def test_form_asks_for_every_fact_but_by_and_needed_ones_first() -> None:
    for kind in SHEETS:
        table = DECLARATIONS[kind]
        asked = questions(kind, table, {}, {}, Choices())
        assert {one.name for one in asked} == table.keys() - {"by", "facts", "scan"}
        needed = [one.needed for one in asked]
        assert needed == sorted(needed, reverse=True)
        assert all(one.label for one in asked)


def test_scan_is_chosen_from_what_was_scanned_and_never_typed() -> None:
    choices = Choices(only={"scan": [("ab", "14:13")]})
    (one,) = [
        one
        for one in questions("delivery_declared", DELIVERY, {}, {}, choices)
        if one.name == "scan"
    ]
    assert (one.control, one.options, one.needed) == ("select", (("ab", "14:13"),), False)
    assert ask("delivery_declared", scan="cd")["scan"].value == "cd"
    assert "scan" not in ask("delivery_declared")


def test_control_follows_from_the_declaration() -> None:
    delivery, order = ask("delivery_declared"), ask("order_given")
    assert delivery["gross_g"].control == "number"
    assert delivery["gross_g"].unit == "g"
    assert delivery["expires_on"].control == "date"
    assert delivery["serial"].control == "text"
    assert delivery["serial"].most == 40
    assert order["from"].control == order["until"].control == "datetime-local"
    assert ask("use_declared")["ended_at"].control == "datetime-local"


def test_fixed_values_yes_and_no_are_chosen() -> None:
    assert ask("product_set")["packaging"].options == (
        ("rigid", "rigid, can be rinsed"),
        ("flexible", "flexible or not to be rinsed"),
        ("not_returnable", "not returnable"),
    )
    assert ask("rinse_declared")["punctured"].options == (("0", "no"), ("1", "yes"))
    assert ask("correction_declared")["withdraw"].options == (("1", "yes"),)
    assert ask("rinse_declared")["punctured"].control == "select"


def test_known_values_are_offered_and_others_may_be_typed() -> None:
    choices = Choices(
        known={"package": [("GLY-0042", "Glyphosate")]}, only={"witness": [("p", "H")]}
    )
    told = questions("rinse_declared", DECLARATIONS["rinse_declared"], {}, {}, choices)
    by_name = {one.name: one for one in told}
    assert by_name["package"].control == "text"
    assert by_name["package"].options == (("GLY-0042", "Glyphosate"),)
    assert by_name["witness"].control == "select"


def test_value_that_is_no_choice_stays_in_the_form() -> None:
    one = ask("product_set", packaging="wood")["packaging"]
    assert one.value == "wood"
    assert ("wood", "wood") in one.options


def test_what_is_sent_becomes_what_the_api_takes() -> None:
    sent = {
        "package": " GLY-0042 ",
        "used_g": "1840",
        "crop": "",
        "ended_at": "2026-03-02T09:30",
        "by": "somebody else",
        "unknown": "x",
    }
    assert facts_of(USE, sent, CUIABA) == {
        "package": "GLY-0042",
        "used_g": 1840,
        "ended_at": "2026-03-02T09:30-04:00",
    }


def test_time_without_offset_stays_so_where_the_farm_clock_is_meant() -> None:
    sent = {"from": "2026-03-02T06:00", "until": "2026-03-02T18:00"}
    assert facts_of(DECLARATIONS[Kind.ORDER_GIVEN], sent, CUIABA) == sent


@pytest.mark.parametrize("text", ["lots", "1.5", "1,840", "٣", "1_0", "+5", "1" * 30])
def test_number_that_is_none_stays_text_and_is_refused_beside_its_field(text: str) -> None:
    facts = facts_of(USE, {"package": "P", "used_g": text}, CUIABA)
    assert facts["used_g"] == text
    assert errors_of(USE, facts) == {"used_g": "Must be a whole number from 1 to 2000000"}


def test_each_error_stands_at_its_field_in_words() -> None:
    facts = facts_of(
        DELIVERY, {"package": "P" * 61, "gtin": "12", "gross_g": "0", "lot": "a\tb"}, CUIABA
    )
    errors = errors_of(DELIVERY, facts)
    assert errors["package"] == "Has 61 characters; write at most 60"
    assert errors["gtin"] == "Must look like '07891234567895'"
    assert errors["gross_g"] == "Must be a whole number from 1 to 2000000"
    assert errors["lot"] == "Must be printable text on one line"
    assert errors["serial"] == "Please fill this in"
    assert "by" not in errors


def test_day_that_does_not_exist_is_left_to_the_check() -> None:
    assert facts_of(USE, {"ended_at": "2026-02-30T09:30"}, CUIABA) == {
        "ended_at": "2026-02-30T09:30"
    }


def test_error_about_two_facts_names_their_labels() -> None:
    said = "gross_g = 300 is not above tare_g = 310; weigh again"
    assert in_words("delivery_declared", DELIVERY, said) == (
        "Weight now = 300 is not above Weight when empty = 310; weigh again"
    )


def test_a_refusal_has_the_labels_of_the_form() -> None:
    told = in_words("use_declared", USE, "say used_g or used_ml, one of them")
    assert told == "Say Used, by weight or Used, by volume, one of them"
    assert in_words("delivery_declared", DELIVERY, "the lot is odd") == "The lot is odd"


def test_facts_come_back_as_the_form_shows_them() -> None:
    batch = DECLARATIONS[Kind.BATCH_DECLARED]
    facts: dict[str, Any] = {"packages": ["P 1", "P 2"], "batch": "B", "sealed": "00"}
    assert values_of(batch, facts) == {"batch": "B", "packages": "P 1, P 2"}
    assert values_of(USE, {"used_g": 12}) == {"used_g": "12"}
