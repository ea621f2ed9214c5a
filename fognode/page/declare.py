"""Forms: /declare lists what may be told, /declare/KIND asks for it and takes it.

What is taken is the same declaration as by POST /api/v1/requests, checked by the same tables and
kept in the same way; ``by`` is who is signed in.  The page shows then what was kept (recorded.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import uuid4

from flask import Response, abort, g, make_response, redirect, render_template, request, url_for

from fognode.errors import ConfigError, RefusedError, StoreError
from fognode.events import Json, Kind, Stored
from fognode.page.agreed import check_agreed
from fognode.page.arrivals import filled
from fognode.page.choices import choices_for
from fognode.page.corrections import corrected_by
from fognode.page.declarations import DECLARATIONS, TABLES
from fognode.page.declared import Declaration, check_request
from fognode.page.fields import Field
from fognode.page.forms import (
    INNER,
    Choices,
    errors_of,
    facts_of,
    in_words,
    questions,
    values_of,
)
from fognode.page.guard import Guard, Refusal, with_cookie
from fognode.page.offers import Offered, offered
from fognode.page.queries import people
from fognode.page.questions import SHEETS, SUBJECTS
from fognode.page.recorded import told_facts
from fognode.page.roles import OWNER, may_declare
from fognode.page.sign_in import Session
from fognode.page.wording import opened

AWAY = "The store is away: nothing was recorded. Send it again when it is back."
SIGNED_OUT = "You are signed out. Sign in below; what you wrote is kept."
OTHER = "This form was sent before, with other values, as event {}. Send it again if it is new."


@dataclass(slots=True, kw_only=True)
class Sent:
    """One form as it was asked for or sent."""

    kind: str
    request_id: str
    values: dict[str, str]
    corrected: tuple[Stored, Stored] | None = None  # of a correction: the event, and its origin
    errors: dict[str, str] = field(default_factory=dict)  # by name of the field
    wrong: str = ""  # what is wrong with all of it
    said: list[tuple[str, str]] = field(default_factory=list)  # by what is corrected
    notes: list[str] = field(default_factory=list)  # where what is filled in comes from
    status: int = 200

    @property
    def inner(self) -> Mapping[str, Field]:
        """The facts of what a correction corrects."""
        return TABLES[self.corrected[1].kind] if self.corrected else {}


def declare(guard: Guard) -> str:
    """List what may be declared, in plain words, by subject."""
    session = guard.acting()
    g.still = True
    offered = {
        subject: {kind: sheet for kind, sheet in sheets.items() if _may(session, kind)}
        for subject, sheets in SUBJECTS.items()
    }
    return render_template(
        "declare.html",
        session=session,
        csrf=guard.form_token(),
        subjects={subject: sheets for subject, sheets in offered.items() if sheets},
        is_owner=session is not None and session.role == OWNER,
    )


def _may(session: Session | None, kind: str) -> bool:
    return session is None or may_declare(session.role, kind)


def form(guard: Guard, kind: str) -> Response:
    """Show the form of a kind, or take it."""
    if kind not in SHEETS:
        abort(404, f"nothing is declared as {kind[:40]!r}")
    g.still = True
    session = guard.acting()
    if request.method == "POST":
        return _take(guard, kind, session)
    if session is None:
        aim = request.full_path.rstrip("?")
        return make_response(redirect(url_for("sign_in", next=aim), 303))
    refuse_role(session, kind)
    sent = Sent(kind=kind, request_id=str(uuid4()), values=request.args.to_dict())
    _look_up(guard, sent)
    if sent.corrected:
        sent.values = _as_told(*sent.corrected) | sent.values
    sent.values = _said_before(guard, kind, sent.values) | sent.values
    if kind == Kind.DELIVERY_DECLARED and sent.values.get("scan"):
        known = filled(guard.desk, sent.values["scan"], g.live.now_ms)
        sent.values, sent.notes = known.values | sent.values, known.notes
    if kind == Kind.PERSON_SET:
        sent.values = {"person": str(uuid4())} | sent.values
    return _show(guard, sent, session)


def refuse_role(session: Session, kind: str) -> None:
    """Refuse with 403 who may not declare this kind."""
    if not may_declare(session.role, kind):
        words = f"{session.alias} is {session.role}: this is for an owner"
        abort(403, words + (" or an operator" if may_declare("operator", kind) else ""))


def _take(guard: Guard, kind: str, session: Session | None) -> Response:
    """Take a form: signed in, from our own page, by who may."""
    told = {name: value for name, value in request.form.items() if name not in HIDDEN}
    sent = Sent(kind=kind, request_id=request.form.get("id", ""), values=told)
    is_new = session is None
    if session is not None:
        guard.check_form(session)
    else:
        entered = guard.sign_in(request.form.get("as", "").strip(), request.form.get("pin", ""))
        if isinstance(entered, Refusal):
            has_tried = "pin" in request.form
            sent.wrong = f"{SIGNED_OUT} {opened(entered.words) if has_tried else ''}"
            sent.status = entered.status
            return _show(guard, sent, None)
        session = entered
    refuse_role(session, kind)
    answer = _keep(guard, sent, session)
    return with_cookie(answer, session) if is_new else answer


HIDDEN = frozenset({"id", "csrf", "as", "pin"})


def _keep(guard: Guard, sent: Sent, session: Session) -> Response:
    try:
        _look_up(guard, sent)
        seq = _recorded(guard, sent, session)
    except StoreError:
        sent.wrong, sent.status = AWAY, 503
        seq = 0
    if seq:
        return make_response(redirect(url_for("recorded", seq=seq), 303))
    return _show(guard, sent, session)


def _recorded(guard: Guard, sent: Sent, session: Session) -> int:
    """Keep what was sent; return its seq, or 0 when something is wrong with it.

    Raises:
        StoreError: The store is away.
    """
    asked = _checked(guard, sent, session)
    if asked is None:
        sent.status = sent.status if sent.status >= 400 else 400
        return 0
    known = guard.desk.reader.by_origin(f"q/{asked.request_id}")
    if known is not None:
        return _again(known, asked, sent)
    try:
        return guard.desk.request_event(asked.kind, asked.facts, asked.request_id)
    except (ConfigError, RefusedError) as error:  # of the vault: docs/personal.md
        sent.wrong, sent.status = str(error), 400
        return 0


def _again(known: Stored, asked: Declaration, sent: Sent) -> int:
    """Answer a second click as the first; refuse another declaration under the same id."""
    # What was sealed is not among the stored facts.
    both = asked.facts.keys() & known.facts.keys()
    if known.kind == asked.kind and all(known.facts[name] == asked.facts[name] for name in both):
        return known.seq
    sent.wrong, sent.status = OTHER.format(known.seq), 409
    sent.request_id = str(uuid4())
    return 0


def _checked(guard: Guard, sent: Sent, session: Session) -> Declaration | None:
    """Return the declaration, or None after what is wrong was noted beside its field."""
    table, zone = DECLARATIONS[sent.kind], guard.desk.config.zone
    facts = facts_of(table, sent.values, zone)
    sent.errors = errors_of(table, facts)
    if "by" in table:
        facts["by"] = session.person
    if sent.inner and "withdraw" not in facts:
        facts["facts"] = inner = facts_of(sent.inner, _inner_values(sent.values), zone)
        wrong = errors_of(sent.inner, inner)
        sent.errors |= {INNER + name: words for name, words in wrong.items()}
        if sent.corrected and "by" in sent.inner:
            inner["by"] = sent.corrected[1].text("by")
    if sent.errors:
        sent.wrong = "Nothing was recorded yet: look at what is marked."
        return None
    try:
        asked = check_request({"id": sent.request_id, "kind": sent.kind, "facts": facts})
        return check_agreed(guard.desk.config, guard.desk.reader, asked)
    except ValueError as error:
        sent.wrong = in_words(sent.kind, {**sent.inner, **table}, str(error))
        return None


def _look_up(guard: Guard, sent: Sent) -> None:
    """Find what a correction corrects."""
    if sent.kind == Kind.CORRECTION_DECLARED and (named := sent.values.get("corrects", "")):
        found = corrected_by(guard.desk.reader, named.strip())
        if found and found[1].kind in TABLES:
            sent.corrected = found
            said = replace(found[1], facts=_standing(*found))
            sent.said = told_facts(said, people(guard.desk.reader))


# Said anew as a whole, so the form begins with what stands: (table, its key).
SAID_ANEW = {
    Kind.PRODUCT_SET: ("product", "gtin"),
    Kind.PERSON_SET: ("person", "person"),
    Kind.SUPPLIER_SET: ("supplier", "supplier"),
}


def _said_before(guard: Guard, kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return what stands of the product, person or supplier that is said anew."""
    table, key = SAID_ANEW.get(Kind(kind), ("", ""))
    if not values.get(key, ""):
        return {}
    rows = guard.desk.reader.rows(table, {key: values[key]}, limit=1)
    nothing = (0, "", None, "*")  # "*": all cabinets
    return {
        name: str(row[name])
        for row in rows
        for name in DECLARATIONS[kind]
        if row.get(name) not in nothing
    }


def _standing(corrected: Stored, told: Stored) -> Mapping[str, Json]:
    """Return what an event says, or what a correction of it says instead."""
    facts = corrected.facts.get("facts") if corrected.kind == Kind.CORRECTION_DECLARED else None
    return facts if isinstance(facts, dict) else told.facts


def _as_told(corrected: Stored, told: Stored) -> dict[str, str]:
    values = values_of(TABLES[told.kind], _standing(corrected, told))
    return {INNER + name: text for name, text in values.items()}


def _inner_values(values: Mapping[str, str]) -> dict[str, str]:
    return {name[len(INNER) :]: text for name, text in values.items() if name.startswith(INNER)}


def _show(guard: Guard, sent: Sent, session: Session | None) -> Response:
    table = DECLARATIONS[sent.kind]
    inner = _inner_values(sent.values)
    inner_errors = _inner_values(sent.errors)
    choices = _choices(guard, sent.kind, table)
    key = SAID_ANEW.get(Kind(sent.kind), ("", ""))[1]
    asked = questions(sent.kind, table, sent.values, sent.errors, choices)
    nested = []
    if sent.corrected:
        told = sent.corrected[1].kind
        nested = questions(told, sent.inner, inner, inner_errors, _choices(guard, told, sent.inner))
    page = render_template(
        "form.html",
        sheet=SHEETS[sent.kind],
        sent=sent,
        session=session,
        csrf=guard.form_token(),
        asked=asked,
        nested=nested,
        prefix=INNER,
        key=key,
        known=choices.known.get(key, ()),
        is_correction=sent.kind == Kind.CORRECTION_DECLARED,
        scanned=_scanned(guard, sent, session),
    )
    return make_response(page, sent.status)


def _scanned(guard: Guard, sent: Sent, session: Session | None) -> Offered:
    if session is None or sent.status != 200:
        return Offered()  # filling it in would lose what was written
    try:
        return offered(guard.desk, sent.kind, request.args)
    except StoreError:
        return Offered()


def _choices(guard: Guard, kind: str, table: Mapping[str, Field]) -> Choices:
    try:
        return choices_for(guard.desk, kind, table)
    except StoreError:
        return Choices()  # everything can still be typed, and sent when the store is back
