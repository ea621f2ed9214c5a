"""JSON for the ERP, the inspector and the command line: /api/v1.

Lists are in page/lists.py.  Times are UTC milliseconds, hashes hex, weights grams.  One POST
takes a declaration, one a photo, one an invoice file; each answers once it is kept.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from flask import Response, abort, g, jsonify, request

from fognode import hashing
from fognode.errors import ConfigError, RefusedError, StoreError
from fognode.events import Stored
from fognode.page.agreed import check_agreed
from fognode.page.declared import check_photo, check_request
from fognode.page.lists import TABLES, names, next_of, plain, span, table_answer, table_list
from fognode.page.live import Desk, Line
from fognode.page.openapi import openapi
from fognode.page.points import statement_rows
from fognode.page.tokens import check_token, check_writer, check_written

BODY_LIMIT = 64 * 1024  # bytes of a POST
PHOTO_LIMIT = 8 * 1024 * 1024  # of one that brings a picture
PHOTOS_PATH = "/api/v1/photos"
STATEMENT = ("supplier", "since", "until", "format")  # parameters


def events(desk: Desk) -> Response:
    """Answer with the events after a seq, oldest first, each with its leaf hash."""
    after, limit = span()
    told = desk.reader.events(after, limit)
    last = told[-1].seq if told else after
    return jsonify(events=[_event(one) for one in told], next=last)


def ledgers(desk: Desk) -> Response:
    """Answer with the steps of both chains that changed after a seq, and both chains now."""
    after, limit = span()
    rows = desk.reader.changed("chain_outbox", after, limit)
    guards = [plain(row) for row in desk.reader.rows("chain_guard")]
    return jsonify(
        ledgers=[plain(row) for row in rows],
        next=next_of(rows, after),
        guards=guards,
        chains=[asdict(chain) for chain in g.live.chains],
    )


def statement(desk: Desk) -> Response:
    """Answer with the statement of points: all of it, or one supplier's, or of some days."""
    if unknown := sorted(request.args.keys() - STATEMENT):
        abort(400, f"unknown parameters {names(unknown)}; known: {', '.join(STATEMENT)}")
    rows = statement_rows(desk)
    return table_answer("statement", rows, points=sum(int(row["points"] or 0) for row in rows))


def sensors(_desk: Desk) -> Response:
    """Answer with every board and its sensors as heard; live, so without seq."""
    if request.args:
        abort(400, f"sensors takes no parameters, not {names(request.args)}: it is live")
    lines = [asdict(line) | {"counters": dict(line.counters)} for line in g.live.lines]
    return jsonify(sensors=lines, now_ms=g.live.now_ms)


def take_request(desk: Desk) -> Response:
    """Take a declaration; the answer comes when it is kept, with its seq.

    The same id again answers with the same seq: it names the happening (origin q/UUID).
    """
    check_writer(desk)
    try:
        asked = check_agreed(desk.config, desk.reader, check_request(_posted()))
    except ValueError as error:
        abort(400, str(error))
    check_written(desk, (asked.kind,), asked.facts.get("by"))
    try:
        seq = desk.request_event(asked.kind, asked.facts, asked.request_id)
    except (ConfigError, RefusedError) as error:  # of the vault: docs/personal.md
        abort(400, str(error))
    return jsonify(seq=seq)


def take_photo(desk: Desk) -> Response:
    """Take a picture; the answer comes when it is kept, with the id of the photo.

    201 for a new one; 200 when the same picture is kept already, with the id it has.
    """
    check_token(desk)
    request.max_content_length = PHOTO_LIMIT
    try:
        asked = check_photo(request.args)
        added = desk.photos.add(request.get_data(), asked.facts, asked.request_id)
    except (ValueError, ConfigError, RefusedError) as error:
        abort(400, str(error))
    answer = jsonify(photo=added.photo, seq=added.seq)
    answer.status_code = 201 if added.is_new else 200
    return answer


def health(desk: Desk) -> Response:
    """Answer 200 while the record can be read and written, 503 while it cannot."""
    live = g.live
    try:
        head = desk.reader.head()[0]
    except StoreError:
        head = -1
    works = live.store_ok and head >= 0
    answer = jsonify(
        ok=int(works),
        store="ok" if works else "away",
        store_since_ms=live.store_since_ms,
        store_reason=live.store_reason,
        spooled=live.evidence.spooled,
        spool="ok" if not live.evidence.fault else live.evidence.fault,
        signed_size=live.evidence.signed_size,
        anchored={one.chain: one.size for one in live.evidence.anchors},
        verified_at_ms=live.evidence.verified_at_ms,
        findings=live.evidence.findings,
        backed_up_at_ms=live.evidence.backed_up_at_ms,
        disk_free_mb=live.evidence.disk_free_mb,
        head=head,
        started_at_ms=live.started_at_ms,
        now_ms=live.now_ms,
        boards={line.board: _heard(line) for line in live.lines if line.board},
        chains={chain.name: chain.state for chain in live.chains},
        mail=live.mail,
        safe_mode=int(live.safe_mode),
    )
    answer.status_code = 200 if works else 503
    return answer


def _heard(line: Line) -> str:
    if line.silent:
        return "silent"
    return "heard" if line.heard_s is not None else "not yet"


LISTS: dict[str, Callable[[Desk], Response]] = {
    "events": events,
    "ledgers": ledgers,
    **{name: partial(table_list, name) for name in TABLES},
}
CALLS: dict[str, Callable[[Desk], Response]] = {
    **{f"/api/v1/{name}": call for name, call in LISTS.items()},
    "/api/v1/statement": statement,
    "/api/v1/sensors": sensors,
    "/api/v1/openapi.json": partial(openapi, PHOTOS_PATH, tuple(LISTS)),
    "/healthz": health,
}
OPEN = {"/api/v1/openapi.json", "/healthz"}  # to everybody who can see the page


def _posted() -> object:
    if request.mimetype != "application/json":
        raise ValueError(f"Content-Type is {request.mimetype!r}; send application/json")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is not JSON: {error}") from error


def _event(told: Stored) -> dict[str, Any]:
    return {
        "seq": told.seq,
        "event_id": told.event_id,
        "kind": told.kind,
        "origin": told.origin,
        "happened_at_ms": told.happened_at_ms,
        "recorded_at_ms": told.recorded_at_ms,
        "facts": dict(told.facts),
        "leaf_hash": hashing.leaf_hash(told.body).hex(),
    }
