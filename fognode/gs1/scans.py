"""What a code reader sends: the AIM prefix tells the kind of symbol, the rest is its data.

    ]C1 GS1-128   ]d2 DataMatrix   ]E0 EAN-13, UPC-A   ]E4 EAN-8   ]e0 DataBar
    ]Q1 QR text, often a Digital Link   ]Q3 GS1 QR   ]J1 GS1 DotCode

Without the prefix nobody knows what the digits are, so the reader must send it.  Many readers
in keyboard mode drop GS (0x1D), which ends values of open length: what follows then seems to
belong to the value before.  Such a code is refused, not guessed; scan the test code of
docs/sensors.md to see whether a reader keeps it.

Source: ISO/IEC 15424; GS1 General Specifications, section 5.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from fognode.errors import CodeError
from fognode.gs1.elements import FNC1, Element, check_together, parse_raw
from fognode.gs1.keys import check_digit, day_of, normal_gtin
from fognode.gs1.links import SCHEMES, parse_link

ELEMENTS = ("]C1", "]d2", "]e0", "]Q3", "]J1")
PLAIN = ("]Q1", "]d1", "]J0")
EAN, EAN8 = "]E0", "]E4"
SPLITTABLE = ("10", "21", "22", "235", "240")  # where a lost separator would hide another value


class Label(NamedTuple):
    """What custody needs of a label; "" where it does not tell."""

    gtin: str  # as normal_gtin writes it
    serial: str
    lot: str
    expires_on: str  # ISO day
    elements: str  # bracketed, as the paper's field GS1_128


def read_scan(text: str) -> list[Element]:
    """Return the elements of what a reader sent.

    Raises:
        CodeError: The prefix is missing or unknown, the data is not what it promises, or a
            separator seems lost.
    """
    prefix, data = text[:3], text[3:]
    if prefix in (EAN, EAN8):
        return [_of_ean(prefix, data.partition("|")[0])]
    if prefix in ELEMENTS:
        found = parse_raw(data)
        check_together(found)
        _refuse_lost_separator(found)
        return found
    if prefix in PLAIN and data.startswith(SCHEMES):
        return parse_link(data)
    if prefix in PLAIN:
        raise CodeError(f"the code holds text, no GS1 data: {data[:40]!r}")
    raise CodeError(f"{prefix!r} is no AIM prefix; switch it on in the reader (ISO/IEC 15424)")


def label_of(elements: Sequence[Element], this_year: int) -> Label:
    """Return what custody needs of the elements.

    Raises:
        CodeError: There is no GTIN, or the expiry is no day.
    """
    values = dict(elements)
    if "01" not in values:
        raise CodeError("the label names no product: (01) is missing")
    expires_on = ""
    if "17" in values:
        expires_on = day_of(values["17"], this_year).isoformat()
    elif "7003" in values:
        expires_on = day_of(values["7003"][:6], this_year).isoformat()
    text = "".join(f"({ai}){value}" for ai, value in elements)
    return Label(
        normal_gtin(values["01"]), values.get("21", ""), values.get("10", ""), expires_on, text
    )


def year_of(at_ms: int) -> int:
    """Return the year of a time, UTC, for dates of two digits."""
    return date.fromordinal(at_ms // 86_400_000 + date(1970, 1, 1).toordinal()).year


def _of_ean(prefix: str, digits: str) -> Element:
    wanted = 13 if prefix == EAN else 8
    if not (digits.isascii() and digits.isdigit() and len(digits) == wanted):
        raise CodeError(f"{prefix} promises {wanted} digits, got {digits[:20]!r}")
    if int(digits[-1]) != check_digit(digits[:-1]):
        raise CodeError(f"{digits} ends in {digits[-1]}, not in {check_digit(digits[:-1])}")
    return Element("01", digits.zfill(14))


def _refuse_lost_separator(found: Sequence[Element]) -> None:
    """Refuse an open value at the end that hides further whole elements.

    Raises:
        CodeError: It does.
    """
    ai, value = found[-1]
    if ai not in SPLITTABLE:
        return
    told = {element.ai for element in found}
    for at in range(1, len(value) - 2):
        try:
            rest = parse_raw(value[at:])
            check_together([*found[:-1], Element(ai, value[:at]), *rest])
        except CodeError:
            continue
        # A chance hit is likely in a long number, so only what a label would say next counts.
        if all(r.ai in ("10", "11", "17", "21") and r.ai not in told for r in rest):
            raise CodeError(
                f"({ai}){value} may hide ({rest[0].ai}): the reader seems to drop the separator"
                f" {FNC1!r}; set it to send GS, or type the label with brackets"
            )
