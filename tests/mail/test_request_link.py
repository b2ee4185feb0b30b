"""Asking for a link: what is noted, what is capped, and that nobody is looked up."""

import datetime as dt

import pytest
from django_tasks_db.models import DBTaskResult

from preferences.mail.request_link import LinkRefused, request_link
from preferences.models import LinkRequest

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def ask(address="kari@example.com", client="192.0.2.1", now=NOW):
    request_link(address=address, client=client, language="en", now=now)


def test_request_is_noted_without_address_and_left_to_the_worker():
    ask()
    request = LinkRequest.objects.get()
    assert (request.requested_at, request.answered_at) == (NOW, None)
    stored = " ".join(str(value) for value in LinkRequest.objects.values_list().get())
    assert "kari" not in stored
    assert "192.0.2.1" not in stored
    (task,) = DBTaskResult.objects.all()
    assert task.args_kwargs["kwargs"] == {
        "address": "kari@example.com",
        "language": "en",
        "request": request.pk,
    }


def test_cap_of_a_mailbox_passes_over_in_silence(settings):
    settings.LINK_CAP_PER_MAILBOX = 2
    for n in range(4):
        ask(client=f"192.0.2.{n}")
    assert DBTaskResult.objects.count() == 2
    assert [request.answered_at for request in LinkRequest.objects.order_by("pk")] == [None, None, NOW, NOW]


def test_cap_of_a_client_is_refused_and_not_noted(settings):
    settings.LINK_CAP_PER_CLIENT = 2
    for n in range(2):
        ask(address=f"n{n}@example.com")
    with pytest.raises(LinkRefused) as caught:
        ask(address="another@example.com")
    assert caught.value.code == "too_many_requests"
    assert LinkRequest.objects.count() == DBTaskResult.objects.count() == 2
    ask(address="another@example.com", client="192.0.2.2")


@pytest.mark.parametrize("cap", ["LINK_CAP_PER_CLIENT", "LINK_CAP_PER_MAILBOX"])
def test_caps_count_the_last_hour(settings, cap):
    setattr(settings, cap, 1)
    ask()
    if cap == "LINK_CAP_PER_CLIENT":
        with pytest.raises(LinkRefused):
            ask(now=NOW + 59 * MINUTE)
    else:
        ask(now=NOW + 59 * MINUTE)
        LinkRequest.objects.filter(requested_at__gt=NOW).delete()
    assert DBTaskResult.objects.count() == 1
    ask(now=NOW + 60 * MINUTE)
    assert DBTaskResult.objects.count() == 2


def test_mailbox_and_client_of_one_spelling_are_not_confused(settings):
    settings.LINK_CAP_PER_CLIENT = 1
    ask(address="192.0.2.1", client="192.0.2.1")
    ask(address="192.0.2.1", client="192.0.2.2")
    assert LinkRequest.objects.count() == 2
