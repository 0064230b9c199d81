"""The page that explains the API, made from its own description."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.api import api

Described = dict[str, Any]  # OpenAPI is a tree of such
METHODS = ("get", "post", "put", "patch", "delete")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    described = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    return render(
        request,
        "api/docs.html",
        {"nouns": _by_noun(described), "site_url": settings.SITE_URL},
    )


def _by_noun(described: Described) -> dict[str, list[Described]]:
    nouns: dict[str, list[Described]] = {}
    for address, calls in described["paths"].items():
        for method in METHODS:
            if operation := calls.get(method):
                call = _call(described, address, method, operation)
                nouns.setdefault(operation["tags"][0], []).append(call)
    return nouns


def _call(
    described: Described, address: str, method: str, operation: Described
) -> Described:
    responses = operation["responses"]
    success = next(code for code in responses if str(code).startswith("2"))
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "address": address,
        "text": operation.get("description") or operation["summary"],
        "parameters": operation.get("parameters", []),
        "bodies": _bodies(described, operation),
        "success": success,
        "answer": _fields_of_answer(described, responses[success]),
        "needs_token": {} not in operation.get("security", []),
    }


def _bodies(described: Described, operation: Described) -> list[Described]:
    content = operation.get("requestBody", {}).get("content", {})
    return [
        {"type": media_type, "fields": _fields(described, body["schema"])}
        for media_type, body in content.items()
    ]


def _fields_of_answer(described: Described, response: Described) -> list[Described]:
    content = response.get("content", {}).get("application/json", {})
    return _fields(described, content.get("schema", {}))


def _fields(described: Described, schema: Described) -> list[Described]:
    schema = _resolved(described, schema)
    needed = schema.get("required", [])
    return [
        {"name": name, "type": _type_of(described, part), "needed": name in needed}
        for name, part in schema.get("properties", {}).items()
    ]


def _resolved(described: Described, schema: Described) -> Described:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        found: Described = described["components"]["schemas"][name]
        return found
    return schema


def _type_of(described: Described, schema: Described) -> str:
    """In one line: "string or null", "list of PinOut"."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " or ".join(_type_of(described, part) for part in schema["anyOf"])
    if "enum" in schema:
        return " / ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type_of(described, schema['items'])}"
    return str(schema.get("format") or schema.get("type", "any"))
