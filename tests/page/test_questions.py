from fognode.events import REQUESTS
from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS
from fognode.page.questions import (
    SHEETS,
    SUBJECTS,
    WITHOUT_FORM,
    WORDS,
    WORDS_OF,
    asked,
    choice_words,
)


def test_every_kind_has_one_form_or_a_reason_for_none() -> None:
    listed = [kind for sheets in SUBJECTS.values() for kind in sheets]
    assert len(listed) == len(set(listed))
    assert set(listed) | WITHOUT_FORM == set(REQUESTS)
    assert set(listed) & WITHOUT_FORM == set()
    assert all(sheet.title and sheet.line.endswith(".") for sheet in SHEETS.values())


def test_every_fact_has_words_and_none_is_left_over() -> None:
    facts = {name for kind in SHEETS for name in DECLARATIONS[kind]} | set(PHOTO_FACTS)
    assert facts - {"by", "facts"} - set(WORDS) == set()
    assert set(WORDS) - facts == set()
    assert {(kind, name) for kind, name in WORDS_OF if name not in DECLARATIONS[kind]} == set()


def test_unit_of_a_number_stands_in_its_name() -> None:
    for ending, unit in (("_g", "g"), ("_ml", "ml"), ("_m2", "m²"), ("_ml_per_ha", "ml/ha")):
        named = [name for name in WORDS if name.endswith(ending)]
        assert {WORDS[name].unit for name in named} == {unit}


def test_kind_may_ask_in_words_of_its_own() -> None:
    assert asked("product_set", "gtin").label == "Number under the bar code"
    assert asked("crop_rule_set", "gtin").label == "Product"
    assert asked("product_set", "new_fact").label == "New fact"


def test_fixed_values_are_shown_in_words() -> None:
    assert choice_words("not_returnable") == "not returnable"
    assert choice_words("weighing_error") == "weighing error"
    assert choice_words("rigid") == "rigid, can be rinsed"
