"""GS1 Digital Links: a web address that names a product, its lot, its serial number.

    https://id.gs1.org/01/09521234000013/10/L2406B/21/FZ7K?17=280630

Only the numeric form without compression.  What stands in the path are a key and its
qualifiers in their order; in the query stand further elements, and words of other people,
which are passed over.

Source: GS1 Digital Link Standard: URI Syntax, sections 4 to 6.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from fognode.errors import CodeError
from fognode.gs1.elements import Element, check_value
from fognode.gs1.table import Entry, entry_of

SCHEMES = ("http://", "https://", "HTTP://", "HTTPS://")
ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]+")


def parse_link(uri: str) -> list[Element]:
    """Return the elements of a link: those of the path, then those of the query.

    Raises:
        CodeError: It is no Digital Link, or a value is not as it must be.
    """
    scheme = next((s for s in SCHEMES if uri.startswith(s)), None)
    if scheme is None or not ALLOWED.fullmatch(uri):
        raise CodeError(f"{uri[:80]!r} is no web address")
    address, _, _fragment = uri[len(scheme) :].partition("#")
    address, _, query = address.partition("?")
    host, slash, path = address.partition("/")
    if not HOST.fullmatch(host) or not slash:
        raise CodeError(f"{uri[:80]!r} names no host, or nothing on it")
    found, key = _of_path(path.split("/"))
    for ai, value in _of_query(query):
        entry = entry_of(ai)
        if entry is None or not entry.in_query:
            raise CodeError(f"({ai}) cannot stand in the query of a link")
        if any(ai in ways for ways in key.qualifiers):
            raise CodeError(f"({ai}) belongs into the path, after ({key.ai})")
        if any(ai == other.ai for other in found):
            raise CodeError(f"({ai}) is told twice")
        check_value(entry, ai, value)
        found.append(Element(ai, value))
    return found


def _of_path(steps: Sequence[str]) -> tuple[list[Element], Entry]:
    """Find the last key of the path; what follows it are its qualifiers.

    Raises:
        CodeError: There is no key, or what follows it does not belong there.
    """
    for at in range(len(steps) - 2, -1, -2):
        key = entry_of(steps[at])
        if key is not None and key.qualifiers:
            pairs = list(zip(steps[at::2], steps[at + 1 :: 2], strict=True))
            _check_order(key, [ai for ai, _ in pairs[1:]])
            return [_element(ai, unescape(value)) for ai, value in pairs], key
    raise CodeError("the path holds no key of GS1, such as 01/ and a GTIN of 14 digits")


def _check_order(key: Entry, qualifiers: Sequence[str]) -> None:
    for ways in key.qualifiers:
        rest = iter(ways)
        if all(ai in rest for ai in qualifiers):
            return
    told = "/".join(qualifiers)
    raise CodeError(f"{told} do not follow ({key.ai}) in that order")


def _element(ai: str, value: str) -> Element:
    entry = entry_of(ai)
    if entry is None:
        raise CodeError(f"({ai}) is no application identifier")
    check_value(entry, ai, value)
    return Element(ai, value)


def _of_query(query: str) -> list[Element]:
    pairs = (word.partition("=") for word in query.split("&") if "=" in word)
    # Words are other people's; a number that is no identifier is a mistake.
    return [Element(ai, unescape(value, plus=True)) for ai, _, value in pairs if ai.isdigit()]


def unescape(text: str, *, plus: bool = False) -> str:
    """Return what percent escapes stand for; ``plus``: a + is a blank, as in a query."""
    return unquote_to_bytes(text.replace("+", " ") if plus else text).decode("latin-1")
