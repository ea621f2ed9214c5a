import pytest

from fognode.page.fields import SPANS, Facts, Number, Text, Texts, cut


def test_text_is_printable_on_one_line_and_as_long_as_its_column() -> None:
    field = Text(most=3, like="[a-z]+", example="abc")
    assert field.check("x", "abc") == "abc"
    for wrong in ("", "   ", "abcd", "a\nb", "ABC", 7, None, True):
        with pytest.raises(ValueError, match="x"):
            field.check("x", wrong)


def test_true_is_no_number() -> None:
    field = Number(least=0, most=1)
    assert field.check("x", 1) == 1
    for wrong in (True, 1.0, "1", 2, -1):
        with pytest.raises(ValueError, match="must be a whole number from 0 to 1"):
            field.check("x", wrong)


def test_list_is_cut_at_commas_and_has_bounds() -> None:
    field = Texts(each=Text(most=3, example="abc"), most=2)
    assert field.check("x", "a, b") == field.check("x", ["a", "b"]) == ["a", "b"]
    for wrong in ("", [], "a,b,c", "abcd", [7]):
        with pytest.raises(ValueError, match="x"):
            field.check("x", wrong)


def test_facts_are_an_object() -> None:
    assert Facts().check("x", {"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="must be an object"):
        Facts().check("x", [])


def test_long_value_is_cut_in_a_refusal() -> None:
    assert cut("abc") == "'abc'"
    assert len(cut("a" * 1000)) == 80


def test_spans_of_the_day_are_told_as_they_are_written() -> None:
    assert SPANS.check("hours", SPANS.example) == SPANS.example
    with pytest.raises(ValueError, match="hours"):
        SPANS.check("hours", "6-11")
