"""The API keeps what its OpenAPI schema promises, whatever is sent: no 5xx, no status or form undocumented."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from preferences.api.v1 import api
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    allow_header_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema())))
SCHEMA.app = application
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}

# The same examples in each run, and none for longer than CI has time.
BOUNDED = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection(shop: Program) -> Iterator[None]:
    """A request does not end the connection on which the test has its data, as with Django's own client, which has
    been used before and connects these signals again."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def things(one_connection, shop, kari, news, activity, settings) -> dict[str, Any]:
    """What a sound request may name."""
    settings.API_REQUESTS_PER_MINUTE = 100_000
    return {
        "topic": "acme-news",
        "profiling": "activity",
        "brand": "acme",
        "recipient": kari.pk,
        "email": "kari@example.com",
        "authorization": {"Authorization": f"Bearer {shop.token}"},
    }


def named(value: Any, things: dict[str, Any]) -> Any:
    """The same body, about things there are: made-up keys would be unknown, every one of them."""
    if isinstance(value, list):
        return [named(each, things) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: things[name] if name in things and not isinstance(each, dict) else named(each, things)
        for name, each in value.items()
    }


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_promises_are_kept(operation: str, mode: GenerationMode, things: dict[str, Any]) -> None:
    @BOUNDED
    @given(case=OPERATIONS[operation].as_strategy(generation_mode=mode), about_what_there_is=st.booleans())
    def keeps(case: Any, about_what_there_is: bool) -> None:
        if mode is GenerationMode.POSITIVE and about_what_there_is:
            case.body = named(case.body, things)
            case.path_parameters = named(case.path_parameters, things)
            case.query = named(case.query, things)
        case.call_and_validate(headers=things["authorization"], checks=PROMISES)

    keeps()


def test_successes_are_among_the_examples(things: dict[str, Any]) -> None:
    """A promise about answers is worth something only where there are some."""
    statuses = set()

    @BOUNDED
    @given(case=OPERATIONS["decide"].as_strategy())
    def see(case: Any) -> None:
        case.body = named(case.body, things)
        statuses.add(case.call(headers=things["authorization"]).status_code)

    see()
    assert 200 in statuses
