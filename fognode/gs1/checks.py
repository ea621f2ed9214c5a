"""What a part of a value must be like beyond its characters: check digits, dates, ranges.

Each check returns "" or, in words, what is wrong.  A check that is not here (the coupon
codes of North American shops) is not judged.

Source: GS1 General Specifications, sections 7.9, 7.11 and 7.12.
"""

import string
from collections.abc import Callable
from datetime import date

from fognode.gs1.keys import check_digit

DIGITS = frozenset(string.digits)
CSET39 = frozenset("#-/" + string.digits + string.ascii_uppercase)
CSET82 = frozenset("!\"%&'()*+,-./:;<=>?_" + string.digits + string.ascii_letters)
CSET64 = frozenset("-_=" + string.digits + string.ascii_letters)
CHARACTERS = {"N": DIGITS, "X": CSET82, "Y": CSET39, "Z": CSET64}
PAIR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # characters of an alphanumeric check pair
ORDER = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
PRIMES = [n for n in range(2, 510) if all(n % d for d in range(2, int(n**0.5) + 1))]  # 97


def _csum(value: str) -> str:
    wanted = check_digit(value[:-1])
    return "" if int(value[-1]) == wanted else f"ends in {value[-1]}, not in {wanted}"


def _csumalpha(value: str) -> str:
    if not len(value) + 1 > 2 or len(value) > len(PRIMES) + 2:
        return "is too short or too long for a check pair"
    body, pair = value[:-2], value[-2:]
    weights = reversed(PRIMES[: len(body)])
    total = sum(ORDER.index(c) * w for c, w in zip(body, weights, strict=True)) % 1021
    wanted = PAIR[total >> 5] + PAIR[total & 31]
    return "" if pair == wanted else f"ends in {pair}, not in {wanted}"


def _day(value: str, *, zero: bool) -> str:
    month, day = int(value[-4:-2]), int(value[-2:])
    year = int(value[:-4]) if len(value) == 8 else 2000 + int(value[:-4])
    if not 1 <= month <= 12:
        return f"month {month:02d} is none"
    if day == 0 and zero:
        return ""
    try:
        date(year, month, day)
    except ValueError:
        return f"day {day:02d} is none of that month"
    return ""


def _piece(value: str) -> str:
    half = len(value) // 2
    piece, total = int(value[:half]), int(value[half:])
    if not 0 < piece <= total:
        return f"piece {piece} of {total} cannot be"
    return ""


def _position(value: str) -> str:
    first, _, last = value.partition("/")
    if not (first.isdigit() and last.isdigit()) or "0" in (first[0], last[0]):
        return "is not written like 2/3"
    return "" if int(first) <= int(last) else f"{first} is after the last, {last}"


def _percent(value: str) -> str:
    at = value.find("%")
    while at >= 0:
        if len(value) < at + 3 or not set(value[at + 1 : at + 3]) <= set(string.hexdigits):
            return "a % is not followed by two hex digits"
        at = value.find("%", at + 1)
    return ""


def _iban(value: str) -> str:
    turned = "".join(str(int(c, 36)) for c in value[4:] + value[:4] if c.isalnum())
    return "" if value.isalnum() and int(turned) % 97 == 1 else "is no bank account number"


def _most(most: int, what: str) -> Callable[[str], str]:
    return lambda value: "" if int(value) <= most else f"is no {what}"


def _one_of(allowed: str, what: str) -> Callable[[str], str]:
    return lambda value: "" if value in tuple(allowed) else f"is no {what}"


def _clock(value: str) -> str:
    return "" if int(value[:2]) < 24 and int(value[2:]) < 60 else "is no time of day"


CHECKS: dict[str, Callable[[str], str]] = {
    "csum": _csum,
    "csumalpha": _csumalpha,
    "yymmd0": lambda value: _day(value, zero=True),
    "yymmdd": lambda value: _day(value, zero=False),
    "yyyymmdd": lambda value: _day(value, zero=False),
    "hhmi": _clock,
    "hh": _most(23, "hour"),
    "mi": _most(59, "minute"),
    "ss": _most(59, "second"),
    "pieceoftotal": _piece,
    "posinseqslash": _position,
    "pcenc": _percent,
    "iban": _iban,
    "latitude": _most(1_800_000_000, "latitude"),
    "longitude": _most(3_600_000_000, "longitude"),
    "zero": lambda value: "" if not value.strip("0") else "is not zero",
    "nonzero": lambda value: "" if value.strip("0") else "is zero",
    "nozeroprefix": lambda value: "begins with 0" if value[0] == "0" else "",
    "hasnondigit": lambda value: "holds digits only" if value.isdigit() else "",
    "hyphen": lambda value: "" if value == "-" else "is no hyphen",
    "yesno": _one_of("01", "yes (1) or no (0)"),
    "winding": _one_of("019", "winding direction"),
    "iso5218": _one_of("0129", "biological sex"),
}
