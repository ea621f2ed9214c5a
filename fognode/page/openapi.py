"""The description of /api/v1 for a machine, made from the tables that check what is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, jsonify

from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS
from fognode.page.declared import UUID4
from fognode.page.fields import PERSON, Facts, Field, Number, Text, Texts
from fognode.page.lists import MAX_LIMIT, MAX_SEQ, TABLES
from fognode.page.live import Desk
from fognode.page.register import WAYS

FORMATS = {"type": "string", "enum": ["csv", "json"], "default": "json"}


def openapi(photos_path: str, lists: Sequence[str], _desk: Desk) -> Response:
    """Answer with the description of this interface, made from the tables that check it."""
    return jsonify(
        openapi="3.1.0",
        info={"title": "fognode", "version": "1.0.0"},
        paths={
            **{f"/api/v1/{name}": _list_paths(name) for name in lists},
            "/api/v1/statement": {"get": _statement_spec()},
            "/api/v1/sensors": {"get": _spec("Boards and sensors as heard now", {})},
            "/api/v1/requests": {"post": _post_spec()},
            photos_path: {"post": _photo_spec()},
            "/api/v1/register": {"post": _register_spec()},
            "/healthz": {"get": _spec("Whether the record can be used", {"503": "It cannot"})},
        },
        components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    )


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
    formatted = {"name": "format", "in": "query", "schema": FORMATS}
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


def _statement_spec() -> dict[str, Any]:
    refusals = {
        "400": "A parameter is wrong",
        "401": "From another machine, and the token is missing or wrong",
        "503": "The store is away",
    }
    day = {"type": "string", "format": "date"}
    kinds = {"supplier": {"type": "string"}, "since": day, "until": day, "format": FORMATS}
    return _spec("The statement of points, of one supplier or of some days", refusals) | {
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in kinds.items()
        ],
        "security": [{}, {"token": []}],
    }


def _post_spec() -> dict[str, Any]:
    refusals = {
        "400": "A value is wrong; the error names it",
        "401": "The token is missing or wrong",
        "403": "erp-writer may write master data only",
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


def _register_spec() -> dict[str, Any]:
    refusals = {
        "201": "Taken; 200 says that this very file was taken before",
        "400": "by is no id, or list is no list",
        "401": "The token is missing or wrong",
        "403": "erp-writer may write master data only",
        "413": "The file is longer than 1 MiB",
        "422": "Nothing was imported; the error names each wrong line",
        "503": "The store is away; send the same again",
    }
    return _spec("Take master data from a CSV file in UTF-8", refusals) | {
        "security": [{"token": []}],
        "parameters": [
            {"name": "by", "in": "query", "required": True, "schema": _field_schema(PERSON)},
            {"name": "list", "in": "query", "schema": {"type": "string", "enum": sorted(WAYS)}},
        ],
        "requestBody": {"required": True, "content": {"text/csv": {}}},
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
