"""Sign-in and sign-out, and what every form asks before it acts: person, own page, own form."""

import re
from dataclasses import dataclass, field
from math import ceil
from threading import Lock

from flask import Response, abort, g, make_response, redirect, render_template, request

from fognode.errors import ConfigError, StoreError
from fognode.events import RowValues
from fognode.page.live import Desk
from fognode.page.sign_in import MOST_S, Session, Sessions, Tries
from fognode.page.tokens import has_token, is_local
from fognode.store.reader import Reader

COOKIE = "fognode_session"
NEXT = re.compile(r"/(?!/)[A-Za-z0-9_./?=&%~+-]*")
MOST_PEOPLE = 10_000
TOO_MANY, WRONG, NOT_READY = 429, 401, 409


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody could not sign in, and the status that says so."""

    words: str
    status: int


@dataclass(slots=True)
class Guard:
    """What the page remembers of who is there; one per application."""

    desk: Desk
    reader: Reader  # of who signs in; what the forms show is the desk's
    sessions: Sessions = field(default_factory=Sessions)
    tries: Tries = field(default_factory=Tries)
    one: Lock = field(default_factory=Lock)  # a check takes 20 MB: never two at once

    def session(self) -> Session | None:
        """Return who is signed in; looked up once a request.

        A person who was erased, or whose PIN is another one or was taken away, is not.
        """
        if "session" not in g:
            found = self.sessions.find(request.cookies.get(COOKIE, ""), self.desk.mono_s())
            g.session = self._still(found) if found else None
        session: Session | None = g.session
        return session

    def may_see(self) -> bool:
        """Tell whether badges are shown: to who is signed in, or has a token."""
        return self.session() is not None or has_token(self.desk)

    def may_look(self) -> bool:
        """Tell whether pages are shown: at the node itself, else to who is signed in."""
        return is_local() or self.session() is not None

    def acting(self) -> Session | None:
        """Return who is signed in, and count this as an action of theirs."""
        g.own_forms = True
        session = self.session()
        if session is not None:
            session.seen_s = self.desk.mono_s()
        return session

    def form_token(self) -> str:
        """Return the token of this session's forms; "" without one."""
        session = self.session()
        return self.sessions.form_token(session) if session else ""

    def check_form(self, session: Session) -> None:
        """Refuse with 403 a form that no page of this session made."""
        check_origin()
        if not self.sessions.is_own(session, request.form.get("csrf", "")):
            abort(403, "this form is not of your session: open it anew")

    def sign_in(self, name: str, pin: str) -> Session | Refusal:
        """Open a session for who knows the PIN, or say why not.

        Raises:
            StoreError: The database or the vault is away.
        """
        check_origin()
        row = self._person(name)
        person = str(row["person"]) if row else ""
        key = f"person/{person or name[:60].casefold()}"
        address = f"address/{request.remote_addr}"
        now_s = self.desk.mono_s()
        if wait_s := self.tries.take((key, address), now_s):
            words = f"too many tries: wait {ceil(wait_s / 60)} min, then sign in again"
            return Refusal(words, TOO_MANY)
        try:
            with self.one:
                mark = self.desk.pins.check(person, pin)
        except ConfigError as error:
            return Refusal(str(error), NOT_READY)
        if row is None or not mark:
            return Refusal("name or PIN is wrong", WRONG)
        self.tries.give_back(address)
        self.tries.forget(key)
        self.sessions.end(request.cookies.get(COOKIE, ""))  # who sat here before
        g.session = self.sessions.begin(person, str(row["alias"]), str(row["role"]), mark, now_s)
        session: Session = g.session
        return session

    def sign_out(self) -> None:
        """End this browser's session."""
        session = self.session()
        if session is not None:
            self.check_form(session)
            self.sessions.end(session.token)
        g.session = None

    def _person(self, name: str) -> RowValues | None:
        """Return the one person of this alias, however its letters are sized, or of this id."""
        rows = self.reader.rows("person", limit=MOST_PEOPLE) if name else []
        for column in ("alias", "person"):
            same = [row for row in rows if str(row[column]) == name]
            same = same or [row for row in rows if str(row[column]).casefold() == name.casefold()]
            if same:
                return same[0] if len(same) == 1 else None
        return None

    def _still(self, found: Session) -> Session | None:
        try:
            rows = self.reader.rows("person", {"person": found.person}, limit=1)
            is_same = self.desk.pins.mark(found.person) == found.mark
        except (StoreError, ConfigError):
            return found  # then nothing can be kept either
        if not rows or not is_same:
            self.sessions.end(found.token)
            return None
        found.alias, found.role = str(rows[0]["alias"]), str(rows[0]["role"])
        return found


def check_origin() -> None:
    """Refuse with 403 what another site sent, or what does not say where it comes from."""
    origin = request.headers.get("Origin")
    is_own = origin is None and request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not is_own and (origin or "").partition("://")[2].lower() != request.host.lower():
        abort(403, "the form was not sent from this page")


def sign_in_page(guard: Guard) -> Response:
    """Show the form to sign in, or sign out; take it."""
    g.still = True
    wanted = request.values.get("next", "")
    aim = wanted if NEXT.fullmatch(wanted) else "/declare"
    refusal = None
    if request.method == "POST":
        told = guard.sign_in(request.form.get("name", "").strip(), request.form.get("pin", ""))
        if isinstance(told, Session):
            return with_cookie(make_response(redirect(aim, 303)), told)
        refusal = told
    session = guard.acting()
    page = render_template(
        "sign_in.html",
        session=session,
        csrf=guard.form_token(),
        aim=aim,
        name=request.form.get("name", ""),
        refusal=refusal,
    )
    return make_response(page, refusal.status if refusal else 200)


def sign_out(guard: Guard) -> Response:
    """End the session of this browser."""
    guard.sign_out()
    return with_cookie(make_response(redirect("/", 303)), None)


def with_cookie(answer: Response, session: Session | None) -> Response:
    """Give the browser its session, or take it away."""
    is_secure = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
    answer.set_cookie(
        COOKIE,
        session.token if session else "",
        max_age=MOST_S if session else 0,
        httponly=True,
        samesite="Strict",
        secure=is_secure,
    )
    return answer
