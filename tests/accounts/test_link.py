"""Linking at the level of rows: what two verifications at the same moment must not do."""

import datetime as dt
import threading

import pytest
from django.db import connection

from accounts.link import LinkOutcome, link_verified_address
from preferences import ledger
from preferences.enums import Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import ContactPoint, Recipient
from preferences.scope import Scope
from tests.factories import RecipientFactory, UserFactory

NOW = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def at_once(*acts):
    """Run the acts in threads that start together; return their results, exceptions included."""
    results = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(position, act):
        try:
            start.wait()
            results[position] = act()
        except Exception as error:  # noqa: BLE001
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def linking(user, address):
    return lambda: link_verified_address(user=user, address=address, now=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_two_new_addresses_of_one_account_at_once_make_one_recipient(_time):
    user = UserFactory()
    results = at_once(linking(user, "a@example.com"), linking(user, "b@example.com"))

    assert {link.outcome for link in results} == {LinkOutcome.CREATED}
    assert {link.recipient for link in results} == {Recipient.objects.get().pk}
    assert ContactPoint.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_two_accounts_verifying_a_new_address_at_once_share_nothing(_time):
    first, second = UserFactory.create_batch(2)
    results = at_once(linking(first, "a@example.com"), linking(second, "A@example.com"))

    assert {link.outcome for link in results} == {LinkOutcome.CREATED, LinkOutcome.HELD_BY_ANOTHER_ACCOUNT}
    assert ContactPoint.objects.count() == 1
    assert Recipient.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_two_recipients_absorbed_at_once_by_one_account(_time):
    user = UserFactory()
    own = RecipientFactory(account=user, email=user.email)
    others = [RecipientFactory(email="a@example.com"), RecipientFactory(email="b@example.com")]
    for other in others:
        ledger.record(
            recipient=other.pk,
            changes=[Change(scope=Scope(kind=Kind.MARKETING), state=State.OPTED_OUT)],
            evidence=Evidence(source=Source.ONE_CLICK),
            now=NOW,
        )
    results = at_once(linking(user, "a@example.com"), linking(user, "b@example.com"))

    assert {link.outcome for link in results} == {LinkOutcome.MERGED}
    assert {other.pk for other in Recipient.objects.filter(merged_into=own)} == {other.pk for other in others}
    assert [choice.state for choice in own.choices.all()] == [State.OPTED_OUT]
    assert own.contact_points.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_two_known_addresses_of_a_new_account_at_once_become_one_person(_time):
    user = UserFactory()
    RecipientFactory(email="a@example.com")
    RecipientFactory(email="b@example.com")
    results = at_once(linking(user, "a@example.com"), linking(user, "b@example.com"))

    assert {link.outcome for link in results} == {LinkOutcome.LINKED, LinkOutcome.MERGED}
    person = Recipient.objects.get(merged_into=None)
    assert person.account == user
    assert person.contact_points.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_linking_while_staff_merge_the_same_two(_time):
    user = UserFactory()
    own = RecipientFactory(account=user, email=user.email)
    other = RecipientFactory(email="a@example.com")
    link, _merge = at_once(
        linking(user, "a@example.com"),
        lambda: ledger.merge(surviving=other.pk, absorbed=own.pk, reason="The same person.", now=NOW),
    )

    assert link.outcome in {LinkOutcome.MERGED, LinkOutcome.ALREADY_SO}
    survivor = Recipient.objects.get(merged_into=None)
    assert survivor.account == user
    assert survivor.contact_points.count() == 2


@pytest.mark.django_db
def test_linking_again_changes_nothing(kari):
    first = link_verified_address(user=kari.account, address="kari@example.com", now=NOW)
    again = link_verified_address(
        user=kari.account, address="KARI@example.com", now=NOW + dt.timedelta(days=1)
    )

    assert first.outcome == again.outcome == LinkOutcome.ALREADY_SO
    assert ContactPoint.objects.get().verified_at == NOW


@pytest.mark.django_db
def test_a_recipient_keeps_its_own_language_and_facts(anonymous):
    user = UserFactory(email="anonymous@example.com")
    link = link_verified_address(user=user, address=user.email, now=NOW)

    assert link.outcome is LinkOutcome.LINKED
    anonymous.refresh_from_db()
    assert (anonymous.language, anonymous.country, anonymous.account) == ("en", "NO", user)


@pytest.mark.django_db
def test_a_deleted_account_leaves_the_recipient_to_the_next_one(kari):
    kari.account.delete()
    user = UserFactory(email="kari@example.com")

    assert link_verified_address(user=user, address=user.email, now=NOW).outcome is LinkOutcome.LINKED


@pytest.mark.django_db
def test_an_address_of_another_account_is_left_alone_and_logged_without_it(kari, caplog):
    user = UserFactory(email="second@example.com")
    link = link_verified_address(user=user, address="kari@example.com", now=NOW)

    assert link.outcome is LinkOutcome.HELD_BY_ANOTHER_ACCOUNT
    assert not Recipient.objects.filter(account=user).exists()
    assert [record.name for record in caplog.records] == ["accounts.link"]
    assert "example.com" not in caplog.text
