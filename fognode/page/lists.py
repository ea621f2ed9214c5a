"""Lists of /api/v1: derived tables a piece at a time, as JSON or as CSV.

Lists take ``after`` (a seq; only what is newer comes back) and ``limit``, and answer with
``next``, the ``after`` of the next call.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import Response, abort, jsonify, make_response, request

from fognode.events import RowValues
from fognode.page.live import Desk

MAX_LIMIT = 500
MAX_SEQ = 2**53 - 1
TABLES = {  # name of the list -> derived table
    "packages": "package",
    "alerts": "alert",
    "points": "points",
    "products": "product",
    "crop_rules": "crop_rule",
    "suppliers": "supplier",
    "people": "person",
    "badges": "badge",
    "work_orders": "work_order",
    "tag_bindings": "tag_binding",
    "prescriptions": "prescription",
    "invoices": "invoice",
    "expected": "expected",
    "openings": "opening",
    "reviews": "review",
    "custody": "custody",
    "discrepancies": "discrepancy",
    "stock": "stock",
    "stock_totals": "stock_total",
    "movements": "movement",
    "stocktakes": "stocktake",
    "ways_back": "way_back",
    "batches": "batch",
    "deadlines": "deadline",
    "counters": "counter",
    "findings": "finding",
}
# What a spreadsheet would run; behind an apostrophe it is text.  Source: OWASP, CSV injection.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_list(name: str, desk: Desk) -> Response:
    """Answer with the rows of a list that changed after a seq."""
    after, limit = span("format")
    rows = desk.reader.changed(TABLES[name], after, limit)
    return table_answer(name, rows, next=next_of(rows, after))


def table_answer(name: str, rows: Sequence[RowValues], **more: int) -> Response:
    """Answer with rows in the format that was asked for; in CSV ``more`` are headers."""
    wanted = request.args.get("format", "json")
    if wanted not in {"json", "csv"}:
        abort(400, f"format = {wanted[:40]!r} must be json or csv")
    if wanted == "json":
        return jsonify({name: [plain(row) for row in rows], **more})
    answer = make_response(to_csv([plain(row) for row in rows]))
    answer.mimetype = "text/csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    for word, number in more.items():
        answer.headers[f"Fognode-{word.capitalize()}"] = str(number)
    return answer


def to_csv(rows: Sequence[RowValues]) -> str:
    """Return rows as RFC 4180, their columns in the first line; nothing for no row."""
    file = io.StringIO(newline="")
    written = csv.writer(file)
    written.writerows([list(rows[0])] if rows else [])
    written.writerows([_cell(value) for value in row.values()] for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value


def next_of(rows: Sequence[RowValues], after: int) -> int:
    """Return the ``after`` of the next call."""
    return int(rows[-1]["as_of_seq"] or 0) if rows else after


def span(*more: str) -> tuple[int, int]:
    """Return ``after`` and ``limit`` of the request; ``more`` are further known parameters."""
    known = ("after", "limit", *more)
    if unknown := sorted(request.args.keys() - set(known)):
        abort(400, f"unknown parameters {names(unknown)}; known: {', '.join(known)}")
    return _number("after", 0, 0, MAX_SEQ), _number("limit", 100, 1, MAX_LIMIT)


def _number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, str(default))
    # Digits only: int() alone also takes "+1", "1_0" and digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        abort(400, f"{name} = {text[:40]!r} must be a whole number from {least} to {most}")
    return int(text)


def names(found: Any) -> str:
    """Return the first few names that a request had, short enough for an answer."""
    return ", ".join(repr(name[:40]) for name in list(found)[:5])


def plain(row: RowValues) -> dict[str, Any]:
    """Return a row as JSON has it: bytes as hex."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
