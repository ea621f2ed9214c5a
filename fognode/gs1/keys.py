"""GS1 keys as printed on labels: the check digit, one spelling for every GTIN, dates."""

import calendar
from datetime import date

from fognode.errors import CodeError

LENGTHS = (8, 12, 13, 14)  # GTIN-8, UPC-A, EAN-13, GTIN-14


def check_digit(digits: str) -> int:
    """Return the digit that belongs after ``digits``.

    Source: GS1 General Specifications, section 7.9.1, standard check digit calculation.
    """
    # Weights 3, 1, 3 ... count from the right, so leading zeros never matter.
    total = sum(
        int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits))
    )
    return -total % 10


def normal_gtin(code: str) -> str:
    """Return the one spelling we keep of a GTIN: 13 digits, or 14 for an outer case.

    GTIN-8, UPC-A and a zero-led GTIN-14 become the EAN-13 they are equal to, the form the
    paper's field EAN13 asks for.

    Raises:
        CodeError: It has another length, something else than digits, or a wrong check digit.
    """
    if not (code.isascii() and code.isdigit() and len(code) in LENGTHS):
        raise CodeError(f"GTIN {code!r} is not 8, 12, 13 or 14 digits")
    if int(code[-1]) != check_digit(code[:-1]):
        raise CodeError(f"GTIN {code} ends in {code[-1]}, not in {check_digit(code[:-1])}")
    padded = code.zfill(14)
    return padded[1:] if padded[0] == "0" else padded


def day_of(yymmdd: str, this_year: int) -> date:
    """Return the day that a label's YYMMDD means; day 00 is the last of the month.

    Source: GS1 General Specifications, section 7.12, determination of the century.

    Raises:
        CodeError: It is no day of the calendar.
    """
    if not (yymmdd.isascii() and yymmdd.isdigit() and len(yymmdd) == 6):
        raise CodeError(f"date {yymmdd!r} is not six digits, YYMMDD")
    apart = int(yymmdd[:2]) - this_year % 100
    shift = -1 if apart >= 51 else 1 if apart <= -50 else 0
    year = (this_year // 100 + shift) * 100 + int(yymmdd[:2])
    month, day = int(yymmdd[2:4]), int(yymmdd[4:])
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError) as error:
        raise CodeError(f"date {yymmdd} is no day of the calendar") from error
