"""The farmer's page: routes, headers, refusals.

Web threads write nothing.  A page never waits for a board, a chain or a mail server: it shows
what the record and the daemon's snapshot say at once.  No request is logged.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import (
    Flask,
    Response,
    abort,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from fognode.config import Config
from fognode.errors import ConfigError, RefusedError, StoreError, TamperError
from fognode.events import CORRECTABLE
from fognode.page import (
    api,
    declare,
    invoices,
    queries,
    receive,
    recorded,
    register,
    sheet,
    stories,
    tokens,
    views,
    wording,
)
from fognode.page.guard import Guard, sign_in_page, sign_out
from fognode.page.live import Desk
from fognode.page.veil import Veiled
from fognode.store.reader import Reader

# Operations facts, section 9.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(desk: Desk) -> Flask:
    """Return the WSGI application; ``desk.live`` is called once a request, on a web thread."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = api.BODY_LIMIT
    # A block tag leaves no line behind: the page is small enough to be read as source.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    guard = Guard(desk, desk.reader)
    reader = Veiled(desk.reader, guard.may_see)
    guard.desk = desk = replace(desk, reader=reader)
    _add_words(app, desk.config, guard)
    _add_routes(app, desk, guard)
    _add_hooks(app, desk, reader)
    _add_refusals(app, desk)
    return app


def _add_words(app: Flask, config: Config, guard: Guard) -> None:
    zone = config.zone
    app.jinja_env.filters.update(
        age=wording.age,
        weight=wording.weight,
        short=wording.short,
        title_of=wording.title,
        rule_words=wording.rule_words,
        details=wording.details,
        story=stories.story,
        opened=wording.opened,
        person=wording.person_words,
        sheet_title=recorded.sheet_title,
        told_facts=recorded.told_facts,
        moment=lambda at_ms: wording.moment(at_ms, g.live.now_ms, zone),
        iso=lambda at_ms: wording.iso(at_ms, zone),
    )
    app.jinja_env.globals.update(
        STATES=wording.STATES,
        STEPS=wording.STEPS,
        CORRECTABLE=CORRECTABLE,
        ONLY_EVENTS=queries.ONLY_EVENTS,
    )
    app.context_processor(
        lambda: {
            "farm": config.farm.name or config.farm.id,
            "zone": config.farm.zone,
            "layout": g.get("layout", "page.html"),
            "live": g.get("live"),
            "rev": g.get("rev", ""),
            "still": "still" in g,
            "signed_in": guard.session() if "live" in g else None,
        }
    )


def _add_routes(app: Flask, desk: Desk, guard: Guard) -> None:
    for path, view in views.PAGES.items():
        app.add_url_rule(path, view.__name__, partial(_look, desk, guard, view))
    for path, call in api.CALLS.items():
        app.add_url_rule(path, path, partial(_answer, desk, path, call))
    take = partial(invoices.take_invoices, desk)
    app.add_url_rule(invoices.INVOICES_PATH, "api_invoices", take, methods=["POST"])
    take = partial(register.take_register, desk)
    app.add_url_rule(register.REGISTER_PATH, "api_register", take, methods=["POST"])
    take = partial(api.take_request, desk)
    app.add_url_rule("/api/v1/requests", "api_requests", take, methods=["POST"])
    take = partial(api.take_photo, desk)
    app.add_url_rule(api.PHOTOS_PATH, "api_photos", take, methods=["POST"])
    show = partial(_picture, desk)
    app.add_url_rule(views.PHOTO_PATH, "picture", show, methods=["POST"])
    both = ["GET", "POST"]
    app.add_url_rule("/declare", "declare", partial(declare.declare, guard))
    app.add_url_rule("/declare/<kind>", "form", partial(declare.form, guard), methods=both)
    app.add_url_rule("/receive", "receive", partial(receive.receive, guard))
    app.add_url_rule("/sign-in", "sign_in", partial(sign_in_page, guard), methods=both)
    app.add_url_rule("/sign-out", "sign_out", partial(sign_out, guard), methods=["POST"])
    app.add_url_rule("/live", "live", partial(_part, desk, app, guard))
    app.add_url_rule("/safety", "safety", partial(_safety, desk.config))


def _answer(desk: Desk, path: str, call: Callable[[Desk], Response]) -> Response:
    if path not in api.OPEN:
        tokens.check_reader(desk)
    return call(desk)


def _add_hooks(app: Flask, desk: Desk, reader: Veiled) -> None:
    allowed = {"127.0.0.1", "localhost", "::1", desk.config.page.host, *desk.config.page.names}

    @app.before_request
    def _check_host() -> None:
        # A name of the attacker's that points here must not open the page (DNS rebinding).
        if _host_name(request.environ.get("HTTP_HOST", "")) not in {a.lower() for a in allowed}:
            words = "this node does not answer to the name in the address; "
            abort(400, words + "add it to names in section [page] of fognode.toml")
        if request.endpoint not in {"static", "safety"}:  # these two need no database
            _hold(reader)
            live = desk.live()  # one snapshot a request
            g.live = replace(live, lines=reader.lines(live.lines))

    @app.teardown_request
    def _let_go(_error: BaseException | None) -> None:
        if "held" in g:
            g.held.close()

    @app.after_request
    def _guard(answer: Response) -> Response:
        answer.headers.update(_headers())
        if request.endpoint != "static":
            answer.headers["Cache-Control"] = "no-store"
        return answer


def _headers() -> dict[str, str]:
    # With "no-referrer" a browser would not say that a form came from this page.
    own = {"Referrer-Policy": "same-origin"} if "own_forms" in g else {}
    headers: dict[str, str] = g.get("headers", HEADERS)
    return headers | own


def _hold(reader: Reader) -> None:
    """Let a request that only reads have one connection; away, each read says so itself."""
    g.held = ExitStack()
    if request.method == "GET":
        with suppress(StoreError):
            g.held.enter_context(reader.hold())


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:  # "[" without "]"
        return ""


def _look(desk: Desk, guard: Guard, view: Callable[..., str], **where: str) -> Response:
    """Answer with a page; from another machine who is not signed in is asked to."""
    if not tokens.is_local():
        guard.acting()  # whoever turns pages is there
    if guard.may_look():
        return make_response(_page(desk, view, **where))
    aim = request.full_path.rstrip("?")
    return make_response(redirect(url_for("sign_in", next=aim), 303))


def _page(desk: Desk, view: Callable[..., str], **where: str) -> str:
    # Taken before the rows: a change in between is then shown once more, never missed.
    g.rev = g.live.revision(desk.reader.head()[0])
    if "asked" not in g:
        g.asked = request.args
    return view(desk, **where)


def _safety(config: Config) -> Response:
    """Answer with the file as it was written last, whatever else works."""
    try:
        answer = make_response((config.folder / sheet.FILE).read_bytes())
    except FileNotFoundError:
        abort(404, "the safety sheet is written a minute after the first start")
    answer.mimetype = "text/html"
    g.headers = HEADERS | {"Content-Security-Policy": sheet.POLICY}
    return answer


def _picture(desk: Desk, photo: str) -> Response:
    """Answer with a picture to a person at the node itself; that it was shown is kept first."""
    if not tokens.is_local():
        abort(403, "pictures are shown on the node itself only: docs/personal.md")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403, "another site asked for the picture")
    try:
        picture = desk.photos.show(photo, "local")
    except RefusedError as error:
        abort(404, str(error))
    except ConfigError as error:
        abort(409, str(error))
    answer = make_response(picture.content)
    answer.mimetype = picture.media
    return answer


def _part(desk: Desk, app: Flask, guard: Guard) -> Response:
    """Answer a poll: 304 while nothing but ages changed, else the inside of ``path``."""
    if not guard.may_look():
        abort(401, "from another machine the page is for who is signed in: sign in again")
    rev = g.live.revision(desk.reader.head()[0])
    if request.args.get("rev") == rev or request.if_none_match.contains(rev):
        answer = make_response("", 304)
    else:
        path, _, asked = request.args.get("path", "/").partition("?")
        rule, where = _match(app, path)
        view = views.PAGES.get(rule.rule)
        if view is None:
            abort(404, "only a page can be polled")
        g.layout, g.asked = "part.html", MultiDict(parse_qsl(asked))
        answer = make_response(_page(desk, view, **where))
    answer.set_etag(rev)
    return answer


def _match(app: Flask, path: str) -> tuple[Rule, Any]:
    return app.create_url_adapter(request).match(path, method="GET", return_rule=True)  # type: ignore[union-attr]  # there is a request


def _add_refusals(app: Flask, desk: Desk) -> None:
    @app.errorhandler(HTTPException)
    def _refuse(error: HTTPException) -> Response:
        status, words = error.code or 500, error.description or error.name
        if _wants_json():
            answer = jsonify(error=words)
        else:
            layout = "part.html" if request.path == "/live" else "page.html"
            g.layout = layout
            page = render_template("refused.html", status=status, name=error.name, words=words)
            answer = make_response(page)
        answer.status_code = status
        if status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.errorhandler(StoreError)
    def _away(error: StoreError) -> Response:
        tampered = isinstance(error, TamperError)
        words = "stored bytes do not match; run fognode verify" if tampered else "the store is away"
        if _wants_json():
            answer = jsonify(error=words + "; send it again later")
        else:
            g.layout = "part.html" if request.path == "/live" else "page.html"
            names = queries.place_names(desk)
            answer = make_response(render_template("away.html", tampered=tampered, names=names))
        answer.status_code = 503
        answer.headers["Retry-After"] = "4"
        return answer


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.path == "/healthz"
