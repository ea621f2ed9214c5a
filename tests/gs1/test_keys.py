import pytest

from fognode.errors import CodeError
from fognode.gs1.keys import check_digit, normal_gtin

# Examples printed in GS1's own documents and on goods; none worked out by this code.
PRINTED = ("6291041500213", "036000291452", "96385074", "4006381333931", "7891234567895")


@pytest.mark.parametrize("code", PRINTED)
def test_printed_codes_end_in_their_check_digit(code: str) -> None:
    assert check_digit(code[:-1]) == int(code[-1])


@pytest.mark.parametrize("code", PRINTED)
def test_every_single_wrong_digit_is_refused(code: str) -> None:
    for place in range(len(code)):
        for digit in "0123456789":
            wrong = code[:place] + digit + code[place + 1 :]
            if wrong != code:
                with pytest.raises(CodeError):
                    normal_gtin(wrong)


def test_equal_gtins_get_one_spelling() -> None:
    assert normal_gtin("036000291452") == "0036000291452"
    assert normal_gtin("00036000291452") == "0036000291452"
    assert normal_gtin("07891234567895") == "7891234567895"
    assert normal_gtin("96385074") == "0000096385074"


def test_outer_case_keeps_its_fourteen_digits() -> None:
    assert normal_gtin("15400141288763") == "15400141288763"


@pytest.mark.parametrize("code", ["", "123", "78912345678950", "7891234567895 ", "٦٢٩١٠٤١٥٠٠٢١٣"])
def test_other_texts_are_refused(code: str) -> None:
    with pytest.raises(CodeError):
        normal_gtin(code)
