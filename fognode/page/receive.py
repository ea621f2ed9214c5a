"""/receive: what is expected on each invoice, and each scan with one press that confirms it.

A press sends the form "Package received" as it would be filled in from the scan, so it passes the
same checks and is kept the same way.  Where a value is missing there is no press: the form asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from flask import Response, g, make_response, redirect, render_template, url_for

from fognode.events import Kind, RowValues
from fognode.page.arrivals import Filled, fill
from fognode.page.declarations import DECLARATIONS
from fognode.page.declare import refuse_role
from fognode.page.guard import Guard
from fognode.page.live import Desk
from fognode.page.offers import MINUTES, Offer, arrivals
from fognode.page.queries import place_names
from fognode.page.questions import asked
from fognode.page.wording import weight
from fognode.store.reader import Reader

INVOICES, LINES = 10, 300  # open ones shown, newest first; lines of them
KIND = Kind.DELIVERY_DECLARED
SHOWN = ("package", "gross_g", "tare_g", "tag", "invoice", "source", "site")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One scan, what it fills in, and what a person still has to tell."""

    offer: Offer
    filled: Filled
    missing: tuple[str, ...]  # labels of fields
    shown: tuple[tuple[str, str], ...]  # label and value of what the scan itself does not tell
    request_id: str


def receive(guard: Guard) -> Response:
    """Show what is to come, and what was scanned."""
    g.still = True
    session = guard.acting()
    if session is None:
        return make_response(redirect(url_for("sign_in", next="/receive"), 303))
    refuse_role(session, KIND)
    desk = guard.desk
    page = render_template(
        "receive.html",
        session=session,
        csrf=guard.form_token(),
        arrivals=[_arrival(desk, one) for one in arrivals(desk)],
        invoices=expected(desk.reader),
        minutes=MINUTES,
    )
    return make_response(page)


def _arrival(desk: Desk, offer: Offer) -> Arrival:
    told, places = fill(desk, offer.scan), place_names(desk)
    needed = [name for name, one in DECLARATIONS[KIND].items() if not one.optional and name != "by"]
    is_weighed = "gross_g" in told.values
    if not (is_weighed or told.label_g):
        needed.append("gross_g")
    missing = tuple(asked(KIND, name).label for name in needed if not told.values.get(name))
    shown = [_in_words(name, told.values[name], places) for name in SHOWN if name in told.values]
    if not is_weighed:
        words = f"{weight(told.label_g)} by its label; nobody weighed it"
        shown.insert(1, ("Content", words))
    request_id = str(uuid4())
    return Arrival(
        offer=offer, filled=told, missing=missing, shown=tuple(shown), request_id=request_id
    )


def _in_words(name: str, value: str, places: Mapping[str, str]) -> tuple[str, str]:
    words = asked(KIND, name)
    shown = places.get(value, value) if name == "site" else value
    return words.label, f"{shown} {words.unit}".rstrip()


def expected(reader: Reader) -> list[tuple[RowValues, Sequence[RowValues]]]:
    """Return the newest open invoices, each with its lines.

    Raises:
        StoreError: The database is away.
    """
    invoices = reader.rows("invoice", {"state": "open"}, "-issued_on", INVOICES)
    names = tuple(row["invoice"] for row in invoices)
    lines = reader.rows("expected", {"invoice": names}, limit=LINES) if names else []
    return [
        (row, [line for line in lines if line["invoice"] == row["invoice"]]) for row in invoices
    ]
