"""What happened, in one sentence a manager reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fognode.custody.sureness import PROBABLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of one package in an opening; times and grams 0 or -1 when not known."""

    package: str
    action: str  # out, back, stored, used
    taker: str  # pseudonym; who took it, for back and used too
    bringer: str
    taken_at_ms: int
    brought_at_ms: int
    weight_g: int = -1
    used_g: int = -1
    authoriser: str = ""  # pseudonym; "" = nobody did
    present: str = ""  # pseudonym of a second person who may not authorise
    cabinet: str = ""  # where it was brought to, when that is not where it was taken
    gone: bool = False  # it left the farm instead


def clock(at_ms: int, zone: tzinfo) -> str:
    """Return the farm's time of day, HH:MM."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    return f"{at.hour:02d}:{at.minute:02d}"  # strftime takes longer than all the rest


def kilograms(weight_g: int) -> str:
    """Return grams as kilograms, rounded to 10 g."""
    hundredths = (weight_g + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02d} kg"


def sentence(visits: Sequence[Visit], opened: str, zone: tzinfo, sure_permille: int = 1000) -> str:
    """Return the sentence of an opening; ``opened`` stands when no package moved.

    Below a bound of sureness (custody/sureness.py) it begins with "probably".
    """
    told = "; ".join(_told(visit, zone) for visit in visits) or opened
    return (told if sure_permille >= PROBABLY else f"probably: {told}")[:600]


def untouched(opened: str, delta_g: int) -> str:
    """Return what is said of an opening in which no package moved; ``delta_g`` 0 = nothing did."""
    if not delta_g:
        return f"{opened}, no package moved"
    word = "less" if delta_g < 0 else "more"
    return f"{opened}, {kilograms(abs(delta_g))} {word} inside and no tag moved"


def _told(visit: Visit, zone: tzinfo) -> str:
    authorised = f", authorised by {visit.authoriser}" if visit.authoriser else ""
    present = f", {visit.present} present" if visit.present else ""
    return _acted(visit, zone) + authorised + present


def _acted(visit: Visit, zone: tzinfo) -> str:
    brought = clock(visit.brought_at_ms, zone)
    weight = f", {kilograms(visit.weight_g)}" if visit.weight_g >= 0 else ""
    if visit.action == "stored":
        return f"{visit.bringer} stored {visit.package} at {brought}{weight}"
    start = f"{visit.taker} took {visit.package} at {clock(visit.taken_at_ms, zone)}"
    if visit.gone:
        return f"{start}{weight}, it left the farm {brought}"
    if visit.action == "out":
        return start + weight
    used = f", {kilograms(visit.used_g)} used" if visit.used_g >= 0 else ""
    where = f" to {visit.cabinet}" if visit.cabinet else ""
    if visit.bringer == visit.taker:
        return f"{start}{used}, returned{where} {brought}"
    return f"{start}{used}, {visit.bringer} returned it{where} {brought}"
