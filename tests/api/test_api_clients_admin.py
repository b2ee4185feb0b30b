"""Staff see the clients and can revoke them; nobody sees a secret or a token."""

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from preferences.models import ApiClient
from tests.api.conftest import get_token
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(admin) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def test_the_list(staff, program, acme):
    own = program("decisions:read", brand=acme)
    page = staff.get(reverse("admin:preferences_apiclient_changelist")).content.decode()
    assert own.made.client_id in page
    assert "decisions:read" in page
    assert "Acme" in page
    for secret in (own.made.client_secret, own.token):
        assert secret not in page


def test_revoking(staff, admin, shop):
    client = ApiClient.objects.get()
    url = reverse("admin:preferences_apiclient_revoke", args=[client.pk])
    page = staff.get(url)
    assert page.status_code == 200
    client.refresh_from_db()
    assert client.revoked_at is None
    answer = staff.post(url, follow=True)
    assert "The client is revoked." in answer.content.decode()
    client.refresh_from_db()
    assert client.revoked_at
    assert client.revoked_by == admin
    assert get_token(shop.made).status_code == 401
    assert "Revoke this client" not in staff.get(url).content.decode()


@pytest.mark.parametrize("group", ["support", "editors", "auditors"])
def test_not_for_the_groups(shop, group):
    client = Client()
    client.force_login(StaffFactory(group=group))
    found = ApiClient.objects.get()
    for method in (client.get, client.post):
        url = reverse("admin:preferences_apiclient_revoke", args=[found.pk])
        assert method(url).status_code == 403
    found.refresh_from_db()
    assert found.revoked_at is None


def test_the_librarys_screens_are_not_there():
    assert not [model for model in site._registry if model._meta.app_label == "allauth_idp_oidc"]
