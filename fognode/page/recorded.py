"""/recorded/SEQ: what was declared, and what custody made of it."""

from collections.abc import Mapping

from flask import abort, g, render_template

from fognode.events import REQUESTS, Json, Kind, Stored
from fognode.page.declarations import DECLARATIONS
from fognode.page.fields import Number
from fognode.page.forms import in_words
from fognode.page.live import Desk
from fognode.page.queries import people
from fognode.page.questions import SHEETS, asked, choice_words
from fognode.page.wording import title
from fognode.store.reader import Reader

FOLLOWER = "custody"  # its cursor: up to where the record was looked at
NOT_SHOWN = ("by", "sealed", "facts")
PERSONS = ("person", "witness")
LOOKED_AT = 400  # events behind a declaration in which its consequences are searched


def recorded(desk: Desk, seq: str) -> str:
    """Show one declaration, and what was drawn from it so far."""
    told = _event(desk.reader, seq)
    if told is None or told.kind not in REQUESTS:
        abort(404, f"no declaration is kept as event {seq[:20]!r}")
    g.own_forms = True
    drawn = drawn_from(desk.reader, told)
    refused = next((one for one in drawn if one.kind == Kind.REJECTED), None)
    against = [one.event_id for one in drawn if one.kind == Kind.DISCREPANCY_FOUND]
    return render_template(
        "recorded.html",
        told=told,
        drawn=[one for one in drawn if one is not refused],
        refused=refused,
        is_looked_at=desk.reader.cursor(FOLLOWER) >= max(one.seq for one in (told, *drawn)),
        is_doubted=bool(against) and _is_open(desk.reader, against),
        reason=in_words(told.kind, DECLARATIONS[told.kind], refused.text("reason"))
        if refused
        else "",
        people=people(desk.reader),
        again={name: value for name, value in told.facts.items() if isinstance(value, str | int)},
        corrected=desk.reader.corrected([told.event_id]).get(told.event_id),
    )


def drawn_from(reader: Reader, told: Stored) -> list[Stored]:
    """Return what the rules drew from an event, in the order of the record.

    With it each discrepancy that was found in what was drawn, as in a delivery's newProductEntry.

    Raises:
        StoreError: The database is away.
    """
    causes, drawn = {told.event_id}, list[Stored]()
    for one in reader.events(told.seq, LOOKED_AT):
        if not (one.origin.startswith("r/") and causes & set(one.origin.split("/"))):
            continue
        if told.event_id in one.origin or one.kind == Kind.DISCREPANCY_FOUND:
            drawn.append(one)
        causes.add(one.event_id)
    return drawn


def _is_open(reader: Reader, found: list[str]) -> bool:
    """Tell whether one of these discrepancies is neither explained nor withdrawn."""
    rows = reader.rows("discrepancy", {"discrepancy": tuple(found)}, limit=LOOKED_AT)
    return any(row["state"] == "open" for row in rows)


def _event(reader: Reader, seq: str) -> Stored | None:
    if not (seq.isascii() and seq.isdigit() and 0 < len(seq) <= 16) or int(seq) == 0:
        return None
    told = reader.events(int(seq) - 1, 1)
    return told[0] if told and told[0].seq == int(seq) else None


def sheet_title(kind: str) -> str:
    """Return what a declaration is called on its form."""
    return SHEETS[kind].title if kind in SHEETS else title(kind)


def told_facts(told: Stored, named: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what was declared as labels and values; ``named`` are the people."""
    return [
        (asked(told.kind, fact).label, _in_words(told.kind, fact, value, named))
        for fact, value in told.facts.items()
        if fact not in NOT_SHOWN
    ]


def _in_words(kind: str, fact: str, value: Json, named: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    one = DECLARATIONS.get(kind, {}).get(fact)
    if isinstance(one, Number) and (one.least, one.most) == (0, 1):
        return "yes" if value else "no"
    if fact in PERSONS:
        return named.get(str(value), str(value))
    unit = asked(kind, fact).unit
    return f"{value} {unit}" if unit else choice_words(str(value)) if fact in FEW else str(value)


FEW = ("packaging", "reason", "verdict")
