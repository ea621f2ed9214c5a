"""Content by weight (requirements A109, A113); the worked example of the custody facts."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from fognode.custody import amounts


def test_the_worked_example() -> None:
    out_g, in_g = amounts.net_g(5840, 310), amounts.net_g(4000, 310)
    assert (out_g, amounts.millilitres(out_g, 1170)) == (5530, 4726)
    assert (in_g, amounts.millilitres(in_g, 1170)) == (3690, 3154)
    used_g, u_g = out_g - in_g, amounts.uncertainty(20, 20)
    assert (used_g, u_g) == (1840, 28)
    assert amounts.millilitres(used_g, 1170) == 1573
    assert amounts.millilitres(u_g, 1170) == 24


def test_without_a_density_there_is_no_volume() -> None:
    assert amounts.millilitres(5530, 0) is None
    assert amounts.grams(1000, 0) is None


@given(st.integers(0, 2_000_000), st.integers(400, 3000))
def test_grams_and_millilitres_are_each_other_s_way_back(content_ml: int, density: int) -> None:
    content_g = amounts.grams(content_ml, density)
    assert content_g is not None
    back_ml = amounts.millilitres(content_g, density)
    assert back_ml is not None
    assert abs(back_ml - content_ml) <= 2


def test_little_is_counted_not_weighed() -> None:
    assert amounts.is_countable_only(59)
    assert not amounts.is_countable_only(60)
    assert not amounts.is_countable_only(0)


def test_farmos_287_a_thousand_small_uses_do_not_pile_up_errors() -> None:
    gross_g = [50_000 - 30 * use for use in range(1001)]
    used_g = sum(a - b for a, b in itertools.pairwise(gross_g))
    assert used_g == 30_000


def test_a_page_says_litres_american_gallons_and_how_sure() -> None:
    # requirement A113; the visit of the worked example
    assert amounts.litres_text(5530, 1170, 20) == "4.73 l (1.249 US gal) +- 17 ml"
    assert amounts.litres_text(1840, 1170, 28) == "1.57 l (0.415 US gal) +- 24 ml"
    assert amounts.litres_text(-117, 1170, 28) == "-0.10 l (-0.026 US gal) +- 24 ml"
    assert amounts.litres_text(5530, 0, 20) == "5.53 kg +- 20 g, volume unknown"
    assert amounts.grams_text(-995, 28) == "-1.00 kg +- 28 g"


def test_a_root_is_rounded_to_the_nearest() -> None:
    assert [amounts.root(n) for n in (0, 2, 3, 800, 6, 7)] == [0, 1, 2, 28, 2, 3]
