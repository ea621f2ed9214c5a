"""What people may declare, and the check of every value before it becomes an event; pure.

The table ``DECLARATIONS`` is also what openapi.json says.  Whether a declaration agrees with
the farm (a check digit, a tag in use, a package that is not empty) is custody's question.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fognode.events import REQUESTS, Json, Kind

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A fact that is text: printable, on one line, as long as its column allows."""

    most: int  # characters
    like: str = ""  # a pattern for the whole text
    example: str = ""
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the text in normal form C.

        Raises:
            ValueError: It is no text, empty, too long, or not like the pattern.
        """
        if type(value) is not str:
            raise ValueError(f"{name} = {_cut(value)} must be text, like {self.example!r}")
        text = unicodedata.normalize("NFC", value)
        if not text.strip() or not text.isprintable():
            raise ValueError(f"{name} = {_cut(value)} must be printable text on one line")
        if len(text) > self.most:
            raise ValueError(f"{name} has {len(text)} characters; write at most {self.most}")
        if self.like and not re.fullmatch(self.like, text):
            raise ValueError(f"{name} = {text!r} must look like {self.example!r}")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A fact that is a whole number, bounds included."""

    least: int
    most: int
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the number.

        Raises:
            ValueError: It is no whole number or out of bounds.
        """
        # type() and not isinstance(): true would pass as the number 1.
        if type(value) is not int or not self.least <= value <= self.most:
            wanted = f"a whole number from {self.least} to {self.most}"
            raise ValueError(f"{name} = {_cut(value)} must be {wanted}")
        return value


Field = Text | Number
PACKAGE = Text(most=60, example="GLY-0042")
PERSON = Text(most=40, example="3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77")
GTIN = Text(most=14, like=r"[0-9]{8}|[0-9]{12,14}", example="07891234567895")
TAG = Text(
    most=20,
    like=r"([0-9A-Fa-f]{2}){4}|([0-9A-Fa-f]{2}){7}|([0-9A-Fa-f]{2}){10}",
    example="04A1B2C3",
)
GRAMS = Number(least=1, most=2_000_000)

DECLARATIONS: dict[str, dict[str, Field]] = {
    Kind.PRODUCT_SET: {
        "gtin": GTIN,
        "name": Text(most=120, example="Glyphosate 480"),
        "packaging": Text(most=20, like=r"rigid|flexible", example="rigid"),
        "density_g_per_l": Number(least=1, most=30_000, optional=True),
        "registration": Text(most=60, example="MAPA 01234", optional=True),
    },
    Kind.PERSON_SET: {
        "person": PERSON,
        "alias": Text(most=60, example="Heron"),
        "badge": TAG,
        # These three are stored sealed: docs/personal.md.
        "name": Text(most=120, example="Ana Souza", optional=True),
        "cpf": Text(
            most=14,
            like=r"[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
            example="123.456.789-09",
            optional=True,
        ),
        "phone": Text(
            most=20, like=r"\+?[0-9][0-9 ()-]{6,18}", example="+55 66 99999-0000", optional=True
        ),
    },
    Kind.PERSON_ERASED: {
        "person": PERSON,
        "reason": Text(most=200, example="left the farm"),
    },
    Kind.DELIVERY_DECLARED: {
        "package": PACKAGE,
        "gtin": GTIN,
        "serial": Text(most=40, example="S0042"),
        "lot": Text(most=40, example="L7"),
        "expires_on": Text(most=10, like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example="2027-12-31"),
        "invoice": Text(most=60, example="NF-1234"),
        "tag": TAG,
        "gross_g": GRAMS,
        "tare_g": GRAMS,
        "source": Text(most=120, example="AgroSul"),
        "site": Text(most=40, example="cabinet-1"),
        "by": PERSON,
    },
    Kind.RINSE_DECLARED: {
        "package": PACKAGE,
        "rinses": Number(least=0, most=20),
        "punctured": Number(least=0, most=1),
        "by": PERSON,
    },
    Kind.EXIT_DECLARED: {
        "package": PACKAGE,
        "destination": Text(most=120, example="centre"),
        "by": PERSON,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A request whose every value has been checked."""

    request_id: str  # UUID4, lower case
    kind: str
    facts: dict[str, Json]


def check_request(asked: object) -> Declaration:
    """Return the declaration that a parsed JSON body asks for.

    Raises:
        ValueError: A key or value is missing, unknown or out of bounds.
    """
    if type(asked) is not dict or asked.keys() != {"id", "kind", "facts"}:
        raise ValueError('the body must be an object with exactly "id", "kind" and "facts"')
    request_id, kind, facts = asked["id"], asked["kind"], asked["facts"]
    if type(request_id) is not str or not UUID4.fullmatch(request_id.lower()):
        raise ValueError(f"id = {_cut(request_id)} must be a fresh UUID of version 4")
    if type(kind) is not str or kind not in REQUESTS:
        known = ", ".join(sorted(REQUESTS))
        raise ValueError(f"kind = {_cut(kind)} cannot be declared; known: {known}")
    if type(facts) is not dict:
        raise ValueError(f"facts = {_cut(facts)} must be an object")
    checked = _check_facts(DECLARATIONS[kind], facts)
    return Declaration(request_id=request_id.lower(), kind=kind, facts=checked)


def _check_facts(table: Mapping[str, Field], facts: Mapping[str, object]) -> dict[str, Json]:
    if unknown := sorted(facts.keys() - table.keys()):
        raise ValueError(f"unknown facts {_cut(unknown)}; known: {', '.join(sorted(table))}")
    needed = {name for name, field in table.items() if not field.optional}
    if missing := sorted(needed - facts.keys()):
        raise ValueError(f"missing facts: {', '.join(missing)}")
    checked = {name: table[name].check(name, value) for name, value in facts.items()}
    _check_whole(checked)
    return checked


def _check_whole(facts: Mapping[str, Json]) -> None:
    if "expires_on" in facts:
        try:
            year = date.fromisoformat(str(facts["expires_on"])).year
        except ValueError:
            year = 0
        if not 2000 <= year <= 2099:  # a GS1 label has two digits for it
            day = facts["expires_on"]
            raise ValueError(f"expires_on = {day!r} is not a day of the calendar, 2000 to 2099")
    gross_g, tare_g = facts.get("gross_g"), facts.get("tare_g")
    if isinstance(gross_g, int) and isinstance(tare_g, int) and gross_g <= tare_g:
        raise ValueError(f"gross_g = {gross_g} is not above tare_g = {tare_g}; weigh again")


def _cut(value: object) -> str:
    # The message goes back to the caller: enough to find the value, not all 64 KiB of it.
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
