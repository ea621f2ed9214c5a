"""JSON for the ERP, the inspector and the command line: /api/v1.

Lists are in page/lists.py.  Times are UTC milliseconds, hashes hex, weights grams.  One POST
takes a declaration, one a photo, one an invoice file; each answers once it is kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from flask import Response, abort, g, jsonify, request

from fognode import hashing
from fognode.errors import ConfigError, RefusedError, StoreError
from fognode.events import Kind, Stored
from fognode.page.declared import (
    DECLARATIONS,
    PERSON,
    PHOTO_FACTS,
    UUID4,
    Declaration,
    Facts,
    Field,
    Number,
    Text,
    Texts,
    check_corrected,
    check_photo,
    check_request,
)
from fognode.page.lists import MAX_LIMIT, MAX_SEQ, TABLES, names, next_of, plain, span, table_list
from fognode.page.live import Desk, Line
from fognode.page.tokens import check_token

BODY_LIMIT = 64 * 1024  # bytes of a POST
PHOTO_LIMIT = 8 * 1024 * 1024  # of one that brings a picture
PHOTOS_PATH = "/api/v1/photos"


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
    check_token(desk)
    try:
        asked = check_request(_posted())
        if asked.kind == Kind.CORRECTION_DECLARED:
            asked = _check_correction(desk, asked)
    except ValueError as error:
        abort(400, str(error))
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


def _check_correction(desk: Desk, asked: Declaration) -> Declaration:
    """Return a correction that agrees with the record.

    Raises:
        ValueError: What it corrects is not there, cannot be corrected, or already is.
    """
    named = str(asked.facts["corrects"])
    corrected = told = desk.reader.event(named)
    while told is not None and told.kind == Kind.CORRECTION_DECLARED:
        before = desk.reader.event(told.text("corrects"))
        told = before if before is not None and before.seq < told.seq else None
    if corrected is None or told is None:
        raise ValueError(f"corrects = {named}: the record has no such event")
    known = desk.reader.by_origin(f"q/{asked.request_id}")
    standing = desk.reader.corrected([named]).get(named)
    if standing is not None and known is None:
        by = f"event {standing.by.seq}: correct {standing.by.event_id} instead"
        raise ValueError(f"event {corrected.seq} is already corrected by {by}")
    return check_corrected(asked, corrected, told)


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


def openapi(_desk: Desk) -> Response:
    """Answer with the description of this interface, made from the tables that check it."""
    return jsonify(
        openapi="3.1.0",
        info={"title": "fognode", "version": "1.0.0"},
        paths={
            **{f"/api/v1/{name}": _list_paths(name) for name in LISTS},
            "/api/v1/sensors": {"get": _spec("Boards and sensors as heard now", {})},
            "/api/v1/requests": {"post": _post_spec()},
            PHOTOS_PATH: {"post": _photo_spec()},
            "/healthz": {"get": _spec("Whether the record can be used", {"503": "It cannot"})},
        },
        components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    )


LISTS: dict[str, Callable[[Desk], Response]] = {
    "events": events,
    "ledgers": ledgers,
    **{name: partial(table_list, name) for name in TABLES},
}
CALLS: dict[str, Callable[[Desk], Response]] = {
    **{f"/api/v1/{name}": call for name, call in LISTS.items()},
    "/api/v1/sensors": sensors,
    "/api/v1/openapi.json": openapi,
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


def _spec(summary: str, refusals: Mapping[str, str]) -> dict[str, Any]:
    answers = {"200": "As asked"} | dict(refusals)
    responses = {
        status: {"description": words, "content": {"application/json": {}}}
        for status, words in answers.items()
    }
    return {"summary": summary, "responses": responses}


def _list_paths(name: str) -> dict[str, Any]:
    told = {"get": _list_spec(name)}
    return told | ({"post": _invoice_spec()} if name == "invoices" else {})


def _list_spec(name: str) -> dict[str, Any]:
    bounds = {"after": (0, MAX_SEQ, 0), "limit": (1, MAX_LIMIT, 100)}
    refusals = {
        "400": "A parameter is wrong",
        "401": "From another machine, and the token is missing or wrong",
        "503": "The store is away",
    }
    formats = {"type": "string", "enum": ["csv", "json"], "default": "json"}
    formatted = {"name": "format", "in": "query", "schema": formats}
    return _spec(f"What changed in {name} after a seq", refusals) | {
        "parameters": [
            {
                "name": parameter,
                "in": "query",
                "schema": {
                    "type": "integer",
                    "minimum": least,
                    "maximum": most,
                    "default": default,
                },
            }
            for parameter, (least, most, default) in bounds.items()
        ]
        + [formatted] * (name in TABLES),
        "security": [{}, {"token": []}],
    }


def _post_spec() -> dict[str, Any]:
    refusals = {
        "400": "A value is wrong; the error names it",
        "401": "The token is missing or wrong",
        "413": "The body is longer than 64 KiB",
        "503": "The store is away; send the same body again",
    }
    kinds = [_kind_schema(kind, table) for kind, table in DECLARATIONS.items()]
    return _spec("Declare something; answers with its seq once it is kept", refusals) | {
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": kinds}}},
        },
    }


def _photo_spec() -> dict[str, Any]:
    refusals = {
        "201": "Kept; 200: this picture was kept already",
        "400": "It is no JPEG, PNG or WebP picture, or a value is wrong; the error names it",
        "401": "The token is missing or wrong",
        "413": "The picture is longer than 8 MiB",
        "503": "The store is away; send the same again",
    }
    fields = {"id": Text(most=36, like=UUID4.pattern), **PHOTO_FACTS}
    return _spec("Keep a photo, sealed; answers with its id once it is kept", refusals) | {
        "security": [{"token": []}],
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": not field.optional,
                "schema": _field_schema(field),
            }
            for name, field in fields.items()
        ],
        "requestBody": {"required": True, "content": {"image/*": {}}},
    }


def _invoice_spec() -> dict[str, Any]:
    refusals = {
        "201": "Imported; 200 says that this very file was imported before",
        "400": "by names no known person",
        "401": "The token is missing or wrong",
        "413": "The file is longer than 1 MiB",
        "422": "Nothing was imported; the error names each wrong line",
        "503": "The store is away; send the same again",
    }
    schema = _field_schema(PERSON)
    return _spec("Import an invoice file: NF-e XML, or CSV in UTF-8", refusals) | {
        "security": [{"token": []}],
        "parameters": [{"name": "by", "in": "query", "required": True, "schema": schema}],
        "requestBody": {"required": True, "content": {"application/xml": {}, "text/csv": {}}},
    }


def _kind_schema(kind: str, table: Mapping[str, Field]) -> dict[str, Any]:
    needed = [name for name, field in table.items() if not field.optional]
    facts = {
        "type": "object",
        "additionalProperties": False,
        "required": needed,
        "properties": {name: _field_schema(field) for name, field in table.items()},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "kind", "facts"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"const": str(kind)},
            "facts": facts,
        },
    }


def _field_schema(field: Field) -> dict[str, Any]:
    if isinstance(field, Facts):
        return {"type": "object"}
    if isinstance(field, Texts):
        each = _field_schema(field.each)
        return {"type": "array", "minItems": 1, "maxItems": field.most, "items": each}
    if isinstance(field, Number):
        return {"type": "integer", "minimum": field.least, "maximum": field.most}
    schema = {"type": "string", "minLength": 1, "maxLength": field.most}
    return schema | ({"pattern": f"^({field.like})$"} if field.like else {})
