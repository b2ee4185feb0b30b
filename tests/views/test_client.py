"""What a client is counted by."""

import pytest
from django.test import RequestFactory

from preferences.views.client import client_of


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("unix:", "unix:"),
        ("unknown", "unknown"),
    ],
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_an_address_of_the_new_kind_counts_by_its_network(settings, address, counted, proxies):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": address} if proxies else {}
    request = RequestFactory().get("/", REMOTE_ADDR=address, **headers)
    assert client_of(request) == counted
