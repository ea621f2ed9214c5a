"""POST /api/v1/invoices: an invoice file becomes what is to be delivered, all of it or nothing."""

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, g, jsonify, request

from fognode.custody.receiving import name_beside, same_party
from fognode.errors import ImportRefusedError
from fognode.events import RowValues
from fognode.page.fields import PERSON
from fognode.page.live import Desk
from fognode.page.tokens import check_token

INVOICE_LIMIT = 1_048_576  # bytes of a file, as boards/invoice.py
INVOICES_PATH = "/api/v1/invoices"


def take_invoices(desk: Desk) -> Response:
    """Take an NF-e or a CSV file; the answer comes when every line of it is kept.

    201 for a new one; 200 for a file that was imported before: nothing changes by it.
    """
    check_token(desk)
    # Here: lxml takes megabytes of memory, on a box where most days bring no file.
    from fognode.boards.invoice import read_invoices, to_events  # noqa: PLC0415

    request.max_content_length = INVOICE_LIMIT
    by = _by(desk)
    try:
        invoices = read_invoices(request.get_data())
        _check_known(desk, invoices)
        events = to_events(invoices, g.live.now_ms, by)
        is_new = desk.reader.by_origin(events[0].origin) is None
        seqs = desk.keep_events(events)
    except (ImportRefusedError, ValueError) as error:
        abort(422, str(error))
    answer = jsonify(
        invoices=[_told(invoice) for invoice in invoices], is_new=int(is_new), seq=seqs[0]
    )
    answer.status_code = 201 if is_new else 200
    return answer


def _by(desk: Desk) -> str:
    if unknown := sorted(request.args.keys() - {"by"}):
        abort(400, f"unknown parameters {unknown[:5]!r}"[:200] + "; known: by")
    by = request.args.get("by", "")
    try:
        PERSON.check("by", by)
    except ValueError as error:
        abort(400, str(error))
    if not desk.reader.rows("person", {"person": by}, limit=1):
        abort(400, f"by = {by!r} names no known person; declare person_set first")
    return by


def _check_known(desk: Desk, invoices: Sequence[Any]) -> None:
    """Refuse a file that words an invoice anew which is on file.

    Raises:
        ValueError: One differs; the message names it.
        StoreError: The database is away.
    """
    for one in invoices:
        names = (one.invoice, name_beside(one.invoice, one.supplier))
        rows = desk.reader.rows("invoice", {"invoice": names})
        known = [row for row in rows if same_party(str(row["supplier"]), one.supplier)]
        if any(row["sha256"] != one.sha256 and _differs(desk, row, one) for row in known):
            name = f"invoice {one.invoice} of {one.supplier}"
            raise ValueError(f"nothing was imported; {name} {ON_FILE}")


COMPARED = ("gtin", "lot", "expires_on", "quantity", "unit")
ON_FILE = "is on file with other content: what was read first stands"


def _differs(desk: Desk, row: RowValues, one: Any) -> bool:
    lines = desk.reader.rows("expected", {"invoice": row["invoice"]}, limit=len(one.lines) + 1)
    known = sorted([str(line[name]) for name in COMPARED] for line in lines)
    told = sorted([getattr(line, name) for name in COMPARED] for line in one.lines)
    return (row["issued_on"], known) != (one.issued_on, told)


def _told(invoice: Any) -> dict[str, Any]:
    lines = [
        {
            "line": line.number,
            "gtin": line.gtin,
            "name": line.name,
            "lot": line.lot,
            "expires_on": line.expires_on,
            "quantity": line.quantity,
            "unit": line.unit,
        }
        for line in invoice.lines
    ]
    supplier = invoice.supplier
    return {"invoice": invoice.invoice, "supplier": supplier, "lines": lines}
