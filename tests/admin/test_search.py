"""One box finds people by whatever a caller can name."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from preferences.admin.search import find_recipients
from preferences.enums import ContactKind
from tests.factories import ContactPointFactory, RecipientFactory, UserFactory

PAGE = "admin:preferences_recipient_changelist"


@pytest.fixture
def berit(db):
    account = UserFactory(email="berit.account@example.com")
    recipient = RecipientFactory(email="berit@example.com", external_id="CRM-77", account=account)
    ContactPointFactory(recipient=recipient, kind=ContactKind.PHONE, value="+47 998 87 766")
    ContactPointFactory(recipient=recipient, kind=ContactKind.POSTAL, value="Storgata 1, 0155 Oslo")
    RecipientFactory.create_batch(3)
    return recipient


@pytest.mark.parametrize(
    "text",
    [
        "berit@example.com",
        " Berit@EXAMPLE.com ",
        "ｂerit@example.com",
        "+4799887766",
        "0047 998 87 766",
        "+47 (998) 87-766",
        "storgata 1,  0155 oslo",
        "CRM-77",
        "berit.account@example.com",
        "Berit.Account@Example.com",
        "#{pk}",
        "{pk}",
        "# {pk}",
    ],
)
def test_each_key_finds_the_person(berit, text):
    assert find_recipients(text=text.format(pk=berit.pk)) == {berit.pk}


@pytest.mark.parametrize(
    "text",
    ["berit", "@example.com", "crm-77", "99887766", "#", "#0", "99999999999999999999", "%", "' OR 1=1", "\n"],
)
def test_nothing_else_finds_anybody(berit, text):
    assert find_recipients(text=text) == set()


def test_one_hit_opens_the_person(berit, staff: Client):
    answer = staff.get(reverse(PAGE), {"q": "berit@example.com"})

    assert answer.headers["Location"] == reverse("admin:preferences_recipient_change", args=[berit.pk])


def test_two_hits_are_listed(berit, staff: Client):
    other = RecipientFactory(external_id=str(berit.pk))

    found = staff.get(reverse(PAGE), {"q": str(berit.pk)}).context["cl"].result_list

    assert {recipient.pk for recipient in found} == {berit.pk, other.pk}


@pytest.mark.parametrize("text", ["nobody", "a\x00b", "x" * 5000])
def test_no_hit_is_an_empty_list(berit, staff: Client, text):
    answer = staff.get(reverse(PAGE), {"q": text})

    assert answer.status_code == 200
    assert "\x00" in text or not answer.context["cl"].result_list


def test_every_look_up_is_by_an_index(berit):

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    for text in ("berit@example.com", "+4799887766", "CRM-77", "#1"):
        with CaptureQueriesContext(connection) as queries:
            find_recipients(text=text)
        assert len(queries) <= 3
        for query in queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_never_counts_and_asks_the_same_few_queries(count, staff: Client, django_assert_num_queries):
    for recipient in RecipientFactory.create_batch(count):
        ContactPointFactory(recipient=recipient)
    with django_assert_num_queries(6) as queries:
        assert staff.get(reverse(PAGE)).status_code == 200
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
