"""What django-ninja does not write into the OpenAPI schema: problems, scopes, idempotency, the limits' headers."""

from __future__ import annotations

from typing import Any, cast

from ninja.openapi.schema import OpenAPISchema

from preferences.api.caller import SCOPE_SENTENCES, Bearer
from preferences.api.problems import MEDIA_TYPE

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
_SCHEME = "oauth2"

_ANYWHERE = {
    400: "The request cannot be read.",
    401: "No access token, or one that is unknown, expired or withdrawn.",
    403: "The token lacks a scope, or the client is another brand's.",
    422: "The request does not hold what it must; `errors` says what is wrong where.",
    429: "Too many requests, or too much at once; see Retry-After.",
    500: "This failed, and was noted.",
    503: "This could not be answered now; see Retry-After.",
}
_WITH_BODY = {
    411: "The body came in chunks, without its length.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here.",
}
_NO_SUCH_PERSON = {404: "There is no such recipient, or the data of this one was erased."}
_OWN = {
    "recordChoices": _NO_SUCH_PERSON,
    "lookUpRecipient": _NO_SUCH_PERSON,
    "getRecipient": _NO_SUCH_PERSON,
    "getChoices": _NO_SUCH_PERSON,
    "getEvents": _NO_SUCH_PERSON,
    "createAudience": {406: "The answer does not come in a format that is accepted."},
}
_IDEMPOTENT = {"recordChoices", "putRecipients"}

_PROBLEM = {
    "title": "ProblemDetails",
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "For programs; stays the same."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["location", "code", "message"],
                "properties": {
                    "location": {"type": "string", "examples": ["body.people.3.email", "line 12"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "The same request with the same key happens once: for 24 hours its answer is given again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}


def completed(schema: OpenAPISchema) -> OpenAPISchema:
    """The schema with what every operation has in common. Changes it in place."""
    operations = {
        operation.operation_id: operation
        for router in schema.api._get_bound_routers()  # noqa: SLF001 - the only way to the operations
        for view in router.path_operations.values()
        for operation in view.operations
    }
    for path in schema["paths"].values():
        for details in path.values():
            (bearer,) = operations[details["operationId"]].auth_callbacks
            _complete(details, scopes=[scope.value for scope in cast("Bearer", bearer).scopes])
    components = schema["components"]
    components["schemas"]["ProblemDetails"] = _PROBLEM
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": TOKEN_PATH,
                    "scopes": {scope.value: sentence for scope, sentence in SCOPE_SENTENCES.items()},
                }
            },
        }
    }
    return schema


def _complete(details: dict[str, Any], *, scopes: list[str]) -> None:
    name = details["operationId"]
    problems = {**_ANYWHERE, **_OWN.get(name, {}), **(_WITH_BODY if "requestBody" in details else {})}
    for status, sentence in sorted(problems.items()):
        details["responses"][status] = {
            "description": sentence,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
    details["security"] = [{_SCHEME: scopes}]
    if name in _IDEMPOTENT:
        details["parameters"] = [*details.get("parameters", []), _KEY]
    details["description"] = details.get("description", "").strip()
    details["summary"] = details["description"].split(". ")[0].split("\n")[0].rstrip(".:")
