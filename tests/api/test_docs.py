"""The page about the API: made from the schema, in the look of the site, from our own files alone."""

import re

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    return client.get("/api/v1/docs")


def test_every_operation_and_schema_is_on_it(shop, page):
    text = page.content.decode()
    schema = shop.get("/openapi.json").json
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in text
    for name in schema["components"]["schemas"]:
        assert f'id="schema-{name}"' in text
    for scope in schema["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]:
        assert f"<code>{scope}</code>" in text


def test_its_links_lead_somewhere(page):
    text = page.content.decode()
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for anchor in re.findall(r'href="#([^"]+)"', text):
        assert anchor in ids


def test_without_script_and_without_third_parties(page):
    text = page.content.decode()
    assert "<script" not in text
    assert "style=" not in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_schema_needs_no_token(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"


def test_in_norwegian(client):
    assert 'lang="nb"' in client.get("/api/v1/docs", headers={"accept-language": "nb"}).content.decode()
