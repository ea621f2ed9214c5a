"""Kinds of facts that a person may declare, and the check of each value; pure."""

import re
import unicodedata
from dataclasses import dataclass, replace

from fognode.events import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A fact that is text: printable, on one line, as long as its column allows."""

    most: int  # characters
    like: str = ""  # a pattern for the whole text
    example: str = ""
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the text in normal form C, without blanks around it.

        Raises:
            ValueError: It is no text, empty, too long, or not like the pattern.
        """
        if type(value) is not str:
            raise ValueError(f"{name} = {cut(value)} must be text, like {self.example!r}")
        text = unicodedata.normalize("NFC", value).strip()  # "GLY-1 " would be another package
        if not text or not text.isprintable():
            raise ValueError(f"{name} = {cut(value)} must be printable text on one line")
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
            raise ValueError(f"{name} = {cut(value)} must be {wanted}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A fact that is an object of facts; of which kind's is checked later (check_corrected)."""

    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the object as it is.

        Raises:
            ValueError: It is no object.
        """
        if type(value) is not dict:
            raise ValueError(f"{name} = {cut(value)} must be an object of facts")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A fact that is a list of texts, each as ``each`` asks; one text with commas is cut there."""

    each: Text
    most: int
    optional: bool = False

    def check(self, name: str, value: object) -> Json:
        """Return the list.

        Raises:
            ValueError: It is no list, empty, too long, or one of its texts is not as asked.
        """
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
        if type(items) is not list or not 0 < len(items) <= self.most:
            raise ValueError(f"{name} = {cut(value)} must be a list of 1 to {self.most} texts")
        return [self.each.check(name, item) for item in items]


Field = Text | Number | Facts | Texts
PACKAGE = Text(most=60, example="GLY-0042")
PERSON = Text(most=40, example="3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77")
GTIN = Text(most=14, like=r"[0-9]{8}|[0-9]{12,14}", example="07891234567895")
TAG = Text(
    most=24,
    like=r"([0-9A-Fa-f]{2}){4}|([0-9A-Fa-f]{2}){7}|([0-9A-Fa-f]{2}){10}|([0-9A-Fa-f]{2}){12}",
    example="04A1B2C3",
)
BADGE = replace(TAG, most=20, like=r"([0-9A-Fa-f]{2}){4}|([0-9A-Fa-f]{2}){7}|([0-9A-Fa-f]{2}){10}")
GRAMS = Number(least=1, most=2_000_000)
EVENT_ID = Text(most=32, like=r"[0-9a-f]{32}", example="13c61f0b4dbac55b1e26b7445599f1ed")
REASON = Text(most=200, example="counted wrongly")
BOARD = Text(most=8, like=r"[a-z0-9-]{1,8}", example="cab01")
SENSOR = Text(most=8, like=r"[A-Za-z][A-Za-z0-9]{0,7}", example="W1")
COUNTS = Number(least=-(2**23), most=2**23 - 1)
BATCH = Text(most=60, example="2026-11-centre")
PHOTO = Text(most=64, like=r"[0-9a-f]{64}", example="6e340b9cffb37a98" * 4)
YES_NO = Number(least=0, most=1, optional=True)
PLACE = Text(most=40, example="cab-1")
DAY = Text(most=10, like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example="2027-12-31")
MOMENT = Text(  # without an offset: by the farm's clock
    most=25,
    like=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?",
    example="2026-03-02T06:00",
)
SPANS = Text(  # of the local day; one that ends before it starts wraps midnight
    most=60,
    like=r"{0}-{0}(, ?{0}-{0})*".format(r"([01][0-9]|2[0-4]):[0-5][0-9]"),
    example="06:00-11:00, 15:00-18:00",
)
STOCKTAKE = Text(most=60, example="2026-11")


def cut(value: object) -> str:
    """Return a value as a refusal shows it."""
    # The message goes back to the caller: enough to find the value, not all 64 KiB of it.
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
