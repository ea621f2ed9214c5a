"""What the store knows that a form may ask for, newest first; nothing is written.

A list is short enough for a phone; whatever is not in it can be typed, but for people, cabinets,
places, dealers, discrepancies and openings, which are chosen only once any is known.
"""

from collections.abc import Callable, Iterable, Sequence

from fognode.custody.people import ERASED
from fognode.events import Kind, RowValues
from fognode.page.forms import Choices
from fognode.page.live import Desk
from fognode.page.queries import place_names, products
from fognode.page.scans import KIND as SCAN
from fognode.page.wording import STATES, iso, rule_words

MOST = 300  # of each
OPENINGS, PHOTOS, SCANS = 30, 30, 30
Options = list[tuple[str, str]]

NEW_IDS = frozenset(  # facts that name something new in these kinds
    {
        (Kind.PERSON_SET, "badge"),
        (Kind.STOCKTAKE_OPENED, "stocktake"),
        (Kind.BATCH_DECLARED, "batch"),
        (Kind.PRESCRIPTION_SET, "prescription"),
        (Kind.DELIVERY_DECLARED, "package"),
        (Kind.ORDER_GIVEN, "order"),
    }
)


def choices_for(desk: Desk, kind: str, facts: Iterable[str]) -> Choices:
    """Return what the fields of a kind may be chosen from.

    Raises:
        StoreError: The database is away.
    """
    asked = [fact for fact in facts if (kind, fact) not in NEW_IDS]
    only = {fact: ONLY[fact](desk) for fact in asked if fact in ONLY}
    known = {fact: KNOWN[fact](desk) for fact in asked if fact in KNOWN}
    if kind == Kind.PERSON_SET:  # a new one has an id of its own
        known["person"] = only.pop("person", [])
    return Choices(only={fact: told for fact, told in only.items() if told}, known=known)


def _people(desk: Desk) -> Options:
    rows = desk.reader.rows("person", None, "alias", MOST)
    return [(str(row["person"]), str(row["alias"])) for row in rows if row["alias"] != ERASED]


def _cabinets(desk: Desk) -> Options:
    return [(cabinet.id, cabinet.name or cabinet.id) for cabinet in desk.config.cabinets]


def _places(desk: Desk) -> Options:
    return list(place_names(desk).items())


def _packages(desk: Desk) -> Options:
    named, rows = products(desk.reader), _rows(desk, "package")
    return [
        (str(row["package"]), f"{named.get(str(row['gtin']), row['gtin'])}, {_stage(row)}")
        for row in rows
    ]


def _stage(row: RowValues) -> str:
    return STATES.get(int(row["state"] or 0), "")


def _discrepancies(desk: Desk) -> Options:
    rows = desk.reader.rows("discrepancy", {"state": "open"}, "-found_at_ms", MOST)
    told = [(str(row["discrepancy"]), row) for row in rows]
    return [(name, str(row["text"]) or rule_words(str(row["rule"]))) for name, row in told]


def _openings(desk: Desk) -> Options:
    rows, named = desk.reader.rows("opening", None, "-opened_at_ms", OPENINGS), place_names(desk)
    return [
        (
            str(row["opening"]),
            f"{named.get(str(row['cabinet']), row['cabinet'])}, {_when(desk, row['opened_at_ms'])}",
        )
        for row in rows
    ]


def _photos(desk: Desk) -> Options:
    told = desk.reader.newest(PHOTOS, [Kind.PHOTO_KEPT])
    return [
        (
            one.text("photo"),
            f"{one.text('about')}, {one.text('purpose')}, {_when(desk, one.happened_at_ms)}",
        )
        for one in told
    ]


def _scans(desk: Desk) -> Options:
    named = place_names(desk)
    told = {}
    for one in desk.reader.newest(SCANS, [SCAN]):
        place = named.get(one.text("place"), one.text("place"))
        words = (_when(desk, one.happened_at_ms), place, one.text("elements"))
        told[one.event_id] = ", ".join(word for word in words if word)
    return list(told.items())


def _when(desk: Desk, at_ms: object) -> str:
    return iso(int(str(at_ms)), desk.config.zone)[:16].replace("T", " ")


def _rows(desk: Desk, table: str) -> Sequence[RowValues]:
    return desk.reader.rows(table, None, "-as_of_seq", MOST)


def _column(table: str, column: str, words: str = "") -> Callable[[Desk], Options]:
    """Return who gives the values of a column, each once."""

    def told(desk: Desk) -> Options:
        found = {str(row[column]): str(row[words or column]) for row in _rows(desk, table)}
        return [(value, text) for value, text in found.items() if value]

    return told


def _sources(desk: Desk) -> Options:
    """Return the dealers that are known: declared, or of an invoice that was read."""
    found = [*_column("supplier", "name")(desk), *_column("invoice", "supplier")(desk)]
    return sorted(dict(found).items())


ONLY: dict[str, Callable[[Desk], Options]] = {
    "site": _places,
    "source": _sources,
    "person": _people,
    "witness": _people,
    "cabinet": _cabinets,
    "discrepancy": _discrepancies,
    "opening": _openings,
    "scan": _scans,
}
KNOWN: dict[str, Callable[[Desk], Options]] = {
    "package": _packages,
    "gtin": _column("product", "gtin", "name"),
    "badge": _column("person", "badge", "alias"),
    "photo": _photos,
    "supplier": _column("supplier", "supplier", "name"),
    "prescription": _column("prescription", "prescription", "crop"),
    "invoice": _column("invoice", "invoice", "supplier"),
    "stocktake": _column("stocktake", "stocktake", "cabinet"),
    "batch": _column("batch", "batch", "destination"),
    "destination": _column("batch", "destination"),
    "centre": _column("batch", "centre"),
    "crop": _column("crop_rule", "crop"),
}
