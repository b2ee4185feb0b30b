"""The page that documents the API: made from its schema, without script and without anybody else's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from preferences.api.caller import SCOPE_SENTENCES
from preferences.api.problems import PROBLEMS
from preferences.api.schema import TOKEN_PATH

_REFERENCE = "#/components/schemas/"


class DocsPage(DocsBase):
    """Shows what the schema holds, in the look of the site."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema()
        return render(
            request,
            "api/docs.html",
            {
                "about": api.description,
                "token_path": TOKEN_PATH,
                "scopes": [(scope.value, sentence) for scope, sentence in SCOPE_SENTENCES.items()],
                "operations": list(_operations(schema)),
                "schemas": [
                    {"name": name, **_fields(definition)}
                    for name, definition in sorted(schema["components"]["schemas"].items())
                ],
                "problems": [(code, status, title) for code, (status, title) in PROBLEMS.items()],
            },
        )


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, details in methods.items():
            yield {
                "id": details["operationId"],
                "method": method.upper(),
                "path": path,
                "description": details["description"],
                "scopes": details["security"][0]["oauth2"],
                "parameters": [
                    {
                        "name": parameter["name"],
                        "where": parameter["in"],
                        "required": parameter["required"],
                        "type": _type(parameter["schema"]),
                        "about": parameter.get("description", ""),
                    }
                    for parameter in details.get("parameters", [])
                ],
                "takes": list(_contents(details.get("requestBody", {}))),
                "gives": list(_contents(details["responses"].get(200, {}))),
                "problems": sorted(status for status in details["responses"] if status >= 400),
            }


def _contents(message: dict[str, Any]) -> Iterator[dict[str, str]]:
    for media_type, content in message.get("content", {}).items():
        yield {
            "media_type": media_type,
            "type": _type(content["schema"]),
            "schema": content["schema"].get("$ref", "").removeprefix(_REFERENCE),
            "example": content.get("example", ""),
        }


def _fields(definition: dict[str, Any]) -> dict[str, Any]:
    required = set(definition.get("required", []))
    return {
        "about": definition.get("description", ""),
        "words": definition.get("enum", []),
        "fields": [
            {
                "name": name,
                "type": _type(field),
                "required": name in required,
                "about": field.get("description", ""),
            }
            for name, field in definition.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    """A type in a few words: "string (date-time)", "list of Person", "Channel or null"."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(part) for part in schema[several])
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " or ".join(str(word) for word in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return f"{schema['type']} ({schema['format']})" if "format" in schema else str(schema.get("type", ""))
