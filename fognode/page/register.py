"""POST /api/v1/register: master data from a CSV file, all of it or nothing.

A file's columns are the facts of a declaration (docs/page.md).  Which declaration: the column
``kind``, or else the name of the list whose CSV it is, so a list that was given out can come
in again: columns that only show what came of it are passed over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import Response, abort, g, jsonify, request

from fognode import hashing
from fognode.boards.spreadsheet import FORMULA, MAX_BYTES, Faults, Table, read_table
from fognode.errors import ConfigError, ImportRefusedError, RefusedError
from fognode.events import Event, Json, Kind
from fognode.page.agreed import wrong_place
from fognode.page.declarations import DECLARATIONS
from fognode.page.declared import check_facts
from fognode.page.fields import PERSON, Field, Number, Text, cut
from fognode.page.live import Desk
from fognode.page.rehearsal import rehearse
from fognode.page.tokens import check_writer, check_written

REGISTER_PATH = "/api/v1/register"
MOST_ROWS = 2_000  # of a file: a second or two at the store
# Facts of a person that are stored sealed: a file that has them is named by a keyed hash.
PERSONAL = frozenset({"name", "cpf", "phone", "licence"})
DIGITS = re.compile(r"-?[0-9]{1,16}")
UNTOLD = (-1, 0)  # how a list shows a number that nobody told


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the rows of a list come in again."""

    kind: Kind
    shown: frozenset[str] = frozenset()  # columns that are no facts


def _shown(*names: str) -> frozenset[str]:
    return frozenset({"as_of_seq", "hash", *names})


WAYS: dict[str, Way] = {  # name of the list, and of its file -> how
    "products": Way(kind=Kind.PRODUCT_SET, shown=_shown()),
    "people": Way(kind=Kind.PERSON_SET, shown=_shown()),
    "suppliers": Way(kind=Kind.SUPPLIER_SET, shown=_shown()),
    "crop_rules": Way(kind=Kind.CROP_RULE_SET, shown=_shown("rule")),
    "orders": Way(kind=Kind.ORDER_GIVEN),
    "prescriptions": Way(
        kind=Kind.PRESCRIPTION_SET,
        shown=_shown(
            "unit",
            "limit_amount",
            "bought_amount",
            "used_amount",
            "u_amount",
            "bought_verdict",
            "used_verdict",
        ),
    ),
    "packages": Way(
        kind=Kind.DELIVERY_DECLARED,
        shown=_shown(
            "packaging", "state", "holder", "out_since_at_ms", "received_at_ms", "token_id"
        ),
    ),
}
KINDS = {str(way.kind): way for way in WAYS.values()}


def take_register(desk: Desk) -> Response:
    """Take a CSV file of master data; the answer comes when every row of it is kept.

    201 for a new one; 200 for a file that was taken before: nothing changes by it.
    """
    check_writer(desk)
    by, name = _asked()
    request.max_content_length = MAX_BYTES
    try:
        content = request.get_data()
        table = read_table(content, partial(wrong_header, name))
        rows = read_rows(table, name, by)
        digest = _digest(desk, content, rows)
        events = to_events(rows, digest, g.live.now_ms)
        check_written(desk, (event.kind for event in events), by)
        known = desk.reader.by_origin(events[0].origin)
        if known is None:
            _check_with_custody(desk, table, events, by)
            seqs = desk.keep_events(events)
    except (ImportRefusedError, ConfigError, RefusedError, ValueError) as error:
        abort(422, str(error))
    told: dict[str, int] = {}
    for event in events:
        told[str(event.kind)] = told.get(str(event.kind), 0) + 1
    answer = jsonify(taken=told, is_new=int(known is None), seq=known.seq if known else seqs[0])
    answer.status_code = 200 if known else 201
    return answer


def _asked() -> tuple[str, str]:
    if unknown := sorted(request.args.keys() - {"by", "list"}):
        abort(400, f"unknown parameters {unknown[:5]!r}"[:200] + "; known: by, list")
    by, name = request.args.get("by", ""), request.args.get("list", "")
    try:
        PERSON.check("by", by)
    except ValueError as error:
        abort(400, str(error))
    if name and name not in WAYS:
        abort(400, f"list = {name[:40]!r} is none of {', '.join(sorted(WAYS))}")
    return by, name


def _digest(desk: Desk, content: bytes, rows: Sequence[tuple[Kind, dict[str, Json]]]) -> str:
    """Return by what the same file is known again, 64 hex digits.

    Raises:
        ConfigError: It holds what must be sealed, and there is no master key.
    """
    # A plain hash of somebody's number could be guessed, also after the number was erased.
    if any(kind == Kind.PERSON_SET and facts.keys() & PERSONAL for kind, facts in rows):
        return desk.photos.mark(content)
    return hashing.sha256(content).hex()


def to_events(rows: Sequence[tuple[Kind, dict[str, Json]]], digest: str, at_ms: int) -> list[Event]:
    """Return what is stored of a file; the same file gives the same origins again."""
    return [
        Event(kind=kind, origin=f"i/{digest}/{place}", happened_at_ms=at_ms, facts=facts)
        for place, (kind, facts) in enumerate(rows)
    ]


def _check_with_custody(desk: Desk, table: Table, events: Sequence[Event], by: str) -> None:
    """Refuse the file if custody would refuse any row of it.

    Raises:
        ImportRefusedError: It would; each such line is named.
        StoreError: The database is away.
    """
    faults = Faults()
    bare = [
        Event(
            kind=event.kind,
            origin=event.origin,
            happened_at_ms=event.happened_at_ms,
            facts={name: event.facts[name] for name in event.facts.keys() - _sealed(event)},
        )
        for event in events
    ]
    told = [(place, wrong_place(desk.config, event.facts)) for place, event in enumerate(bare)]
    told += rehearse(desk.reader, desk.config.zone, bare)
    for place, reason in ((place, reason) for place, reason in told if reason):
        faults.add(f"line {table.rows[place][0]}", reason[:200])
    people = {event.facts["person"] for event in events if event.kind == Kind.PERSON_SET}
    if by not in people and not desk.reader.rows("person", {"person": by}, limit=1):
        faults.add(f"by = {by!r}", "names no known person; declare person_set first")
    faults.refuse()


def _sealed(event: Event) -> frozenset[str]:
    return PERSONAL if event.kind == Kind.PERSON_SET else frozenset()


# --- a row --------------------------------------------------------------------------------


def read_rows(table: Table, name: str, by: str) -> list[tuple[Kind, dict[str, Json]]]:
    """Return kind and facts of every row.

    Args:
        table: The file.
        name: The list it is of, "" when the column ``kind`` says it.
        by: Who hands it in; stands where a row needs a ``by`` and names none.

    Raises:
        ImportRefusedError: A row is not what its kind asks for; each such line is named.
    """
    faults = Faults()
    if len(table.rows) > MOST_ROWS:
        faults.add(f"line {table.rows[MOST_ROWS][0]}", f"a file has at most {MOST_ROWS} rows")
        faults.refuse()
    found: list[tuple[Kind, dict[str, Json]]] = []
    for number, cells in table.rows:
        where, way = f"line {number}", WAYS.get(name) or KINDS.get(cells.get("kind", ""))
        if way is None:
            faults.add(where, f"kind = {cut(cells['kind'])} is none of {', '.join(sorted(KINDS))}")
            continue
        try:
            found.append((way.kind, _facts(way, cells, by)))
        except ValueError as error:
            faults.add(where, str(error)[:300])
    faults.refuse()
    return found


def wrong_header(name: str, columns: tuple[str, ...]) -> str:
    """Return what is wrong with the columns of a list's file, "" for nothing."""
    if not name and "kind" not in columns:
        return f"lacks the column kind; or name the list: {', '.join(sorted(WAYS))}"
    ways = [WAYS[name]] if name else list(WAYS.values())
    known = set[str]() if name else {"kind"}
    for way in ways:
        known |= DECLARATIONS[way.kind].keys() | way.shown
    if unknown := [column for column in columns if column not in known]:
        return f"has unknown columns {cut(unknown)}; known: {', '.join(sorted(known))}"
    facts = DECLARATIONS[ways[0].kind].items() if name else ()
    needed = [fact for fact, field in facts if not field.optional and fact != "by"]
    missing = [fact for fact in needed if fact not in columns]
    return f"lacks the columns {', '.join(missing)}" if missing else ""


def _facts(way: Way, cells: Mapping[str, str], by: str) -> dict[str, Json]:
    table = DECLARATIONS[way.kind]
    facts: dict[str, object] = {}
    for name, cell in cells.items():
        if name in table and cell:
            value = _value(name, table[name], cell)
            facts |= {} if value is None else {name: value}
        elif cell and name not in way.shown and name != "kind":
            raise ValueError(f"{name} = {cut(cell)} is no fact of {way.kind}")
    if way.kind == Kind.PRESCRIPTION_SET:
        facts |= _limit(facts, cells)
    if "by" in table and "by" not in facts:
        facts["by"] = by
    return check_facts(table, facts)


def _value(name: str, field: Field, cell: str) -> object:
    """Return what a cell says; None where it says that nobody told it.

    Raises:
        ValueError: It is no number where one must be, or what a spreadsheet would run.
    """
    if isinstance(field, Number):
        if not DIGITS.fullmatch(cell):
            raise ValueError(f"{name} = {cut(cell)} must be a whole number")
        number = int(cell)
        return None if field.optional and number < field.least and number in UNTOLD else number
    if cell == "*" and name == "cabinets":
        return None  # all
    if cell.startswith("'") and cell[1:2] in FORMULA:
        return cell[1:]  # so does the list keep a spreadsheet from running it
    if cell.startswith(FORMULA) and not (isinstance(field, Text) and field.like):
        raise ValueError(f"{name} = {cut(cell)} begins like a formula of a spreadsheet")
    return cell


def _limit(facts: Mapping[str, object], cells: Mapping[str, str]) -> dict[str, object]:
    """Return the total that a list shows as limit_amount and unit."""
    unit, limit = cells.get("unit", ""), cells.get("limit_amount", "")
    if unit not in {"ml", "g"} or limit in {"", "0"} or facts.keys() & {"total_ml", "total_g"}:
        return {}
    return {f"total_{unit}": _value("limit_amount", Number(least=0, most=10**12), limit)}
