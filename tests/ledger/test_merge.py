"""Two recipients turn out to be one person: no stop is ever lost."""

import datetime as dt
import itertools

import pytest

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import Channel, Kind, Source, State
from preferences.ledger import Change, Evidence, RecipientGone, erase, merge, rebuild, record
from preferences.ledger.merge import MergeImpossible
from preferences.models import ContactPoint, Event, Merge, Recipient, Sale
from preferences.scope import Scope
from tests.factories import BrandFactory, ContactPointFactory, RecipientFactory, TopicFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def say(recipient, scope, state, now=NOW):
    record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=now,
    )


def state_of(recipient, scope):
    statement = deciding_statement(choices=load_choices(recipient.pk), scope=scope)
    return statement.state if statement else State.UNSTATED


@pytest.fixture
def leaf():
    topic = TopicFactory()
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)


SAID = [State.UNSTATED, State.OPTED_IN, State.OPTED_OUT]


@pytest.mark.parametrize(("kept", "given"), list(itertools.product(SAID, SAID)))
def test_no_beats_yes_and_yes_beats_nothing_whichever_came_first(leaf, kept, given):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    for recipient, state, when in [(surviving, kept, NOW + MINUTE), (absorbed, given, NOW)]:
        if state != State.UNSTATED:
            say(recipient, leaf, state, when)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW + 2 * MINUTE)
    expected = next(s for s in [State.OPTED_OUT, State.OPTED_IN, State.UNSTATED] if s in (kept, given))
    assert state_of(surviving, leaf) == expected
    assert rebuild(check=True) == []


def test_stop_all_of_either_holds_for_both(leaf):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    say(surviving, leaf, State.OPTED_IN, NOW + MINUTE)
    say(absorbed, Scope.all_marketing(), State.OPTED_OUT)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW + 2 * MINUTE)
    assert state_of(surviving, leaf) == State.OPTED_OUT


def test_what_one_opened_after_stop_all_stays_open_where_the_other_said_nothing(leaf):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    say(absorbed, Scope.all_marketing(), State.OPTED_OUT)
    say(absorbed, leaf, State.OPTED_IN, NOW + MINUTE)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW + 2 * MINUTE)
    assert state_of(surviving, leaf) == State.OPTED_IN
    assert state_of(surviving, Scope.all_marketing()) == State.OPTED_OUT


def test_nothing_new_to_say_writes_no_event(leaf):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    say(surviving, Scope.all_marketing(), State.OPTED_OUT)
    say(absorbed, leaf, State.OPTED_OUT)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW + MINUTE)
    assert not Event.objects.filter(source=Source.MERGE).exists()


def test_addresses_account_and_gaps_move_and_the_merge_is_on_record():
    account = UserFactory()
    surviving = RecipientFactory(country="", language="nb", external_id=None)
    absorbed = RecipientFactory(country="SE", language="en", account=account, external_id="crm-7")
    number = ContactPointFactory(recipient=absorbed, kind="phone", value="+4790000000")
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW)

    surviving.refresh_from_db()
    absorbed.refresh_from_db()
    assert (surviving.country, surviving.language, surviving.external_id, surviving.account) == (
        "SE",
        "nb",
        "crm-7",
        account,
    )
    assert (absorbed.merged_into, absorbed.account, absorbed.external_id) == (surviving, None, None)
    assert ContactPoint.objects.filter(recipient=surviving).count() == 3
    assert number.pk in surviving.contact_points.values_list("pk", flat=True)
    written = Merge.objects.get()
    assert (written.surviving, written.absorbed, written.recorded_at) == (surviving, absorbed, NOW)


@pytest.mark.parametrize(("kept", "given"), list(itertools.product([True, False], repeat=2)))
def test_of_one_sale_on_both_records_the_stricter_counts(kept, given):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    brand = BrandFactory()
    for recipient, refusal_offered in [(surviving, kept), (absorbed, given)]:
        for subject in ("Boots", f"Only on #{recipient.pk}"):
            sale(recipient, brand, subject=subject, refusal_offered=refusal_offered)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW)
    sales = Sale.objects.values_list("recipient", "subject", "refusal_offered")
    assert set(sales) == {
        (surviving.pk, "Boots", kept and given),
        (surviving.pk, f"Only on #{surviving.pk}", kept),
        (surviving.pk, f"Only on #{absorbed.pk}", given),
    }


def sale(recipient, brand, **columns):
    Sale.objects.create(
        recipient=recipient, brand=brand, sold_on=dt.date(2026, 1, 5), recorded_at=NOW, **columns
    )


ADULT, CHILD = dt.date(1980, 1, 1), dt.date(2015, 1, 1)


@pytest.mark.parametrize(
    ("kept", "given", "expected"),
    [
        (ADULT, CHILD, CHILD),
        (CHILD, ADULT, CHILD),
        (None, ADULT, ADULT),
        (ADULT, None, ADULT),
        (None, None, None),
    ],
)
def test_of_two_birth_dates_the_younger_counts(kept, given, expected):
    surviving, absorbed = RecipientFactory(born_on=kept), RecipientFactory(born_on=given)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW)
    surviving.refresh_from_db()
    assert surviving.born_on == expected


def test_a_chain_of_merges_has_one_hop():
    first, second, third = RecipientFactory.create_batch(3)
    merge(surviving=second.pk, absorbed=first.pk, reason="test", now=NOW)
    merge(surviving=third.pk, absorbed=second.pk, reason="test", now=NOW)
    assert set(Recipient.objects.exclude(pk=third.pk).values_list("merged_into", flat=True)) == {third.pk}


@pytest.mark.parametrize("why", ["same_recipient", "already_merged", "two_accounts"])
def test_what_cannot_be_merged_is_left_as_it_was(why):
    one = RecipientFactory(account=UserFactory() if why == "two_accounts" else None)
    other = RecipientFactory(account=UserFactory() if why == "two_accounts" else None)
    if why == "same_recipient":
        other = one
    if why == "already_merged":
        merge(surviving=one.pk, absorbed=other.pk, reason="test", now=NOW)
    before = Merge.objects.count()
    with pytest.raises(MergeImpossible) as impossible:
        merge(surviving=one.pk, absorbed=other.pk, reason="test", now=NOW)
    assert impossible.value.code == ("two_accounts" if why == "two_accounts" else "same_recipient")
    assert Merge.objects.count() == before


def test_an_erased_recipient_cannot_be_merged():
    one, other = RecipientFactory(), RecipientFactory()
    erase(recipient=other.pk, now=NOW)
    with pytest.raises(RecipientGone):
        merge(surviving=one.pk, absorbed=other.pk, reason="test", now=NOW)
