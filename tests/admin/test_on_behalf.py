"""Changing something for a person: through the ledger, with route, time and reason, in sight of the person."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from preferences.enums import Actor, Channel, Kind, Route, Source, State
from preferences.models import Choice, ConfirmationRequest, Event, Recipient
from preferences.personal_data import names_personal_data
from preferences.scope import Scope

pytestmark = pytest.mark.django_db


def form_of(recipient) -> str:
    return reverse("admin:preferences_recipient_on_behalf", args=[recipient.pk])


def filled_in(**fields) -> dict[str, object]:
    received_at = timezone.now() - dt.timedelta(hours=3)
    return {
        "subjects": ["all"],
        "answer": "opted_out",
        "route": "phone",
        "received_at": received_at.strftime("%Y-%m-%dT%H:%M"),
        "reason": "Called and asked for it.",
        **fields,
    }


def test_a_stop_becomes_one_event_with_all_its_evidence(kari, news, staff):
    received_at = (timezone.now() - dt.timedelta(hours=3)).replace(second=0, microsecond=0)

    answer = staff.post(form_of(kari), filled_in(received_at=received_at.strftime("%Y-%m-%dT%H:%M")))

    event = Event.objects.get()
    assert (event.scope, event.state) == (Scope.all_marketing(), State.OPTED_OUT)
    assert (event.source, event.actor, event.staff, event.route) == (
        Source.STAFF,
        Actor.STAFF,
        staff.user,
        Route.PHONE,
    )
    assert (event.reason, event.occurred_at) == ("Called and asked for it.", received_at)
    assert event.wording.language == "nb", "the person's language, not that of staff"
    assert [result["outcome"] for result in answer.context["results"]] == ["Changed"]


def test_the_person_sees_it(kari, news, staff, client):
    Recipient.objects.filter(pk=kari.pk).update(language="en")
    staff.post(form_of(kari), filled_in())

    client.force_login(kari.account)
    page = client.get("/preferences/", headers={"accept-language": "en"}).content.decode()

    assert "Our staff, at your request" in page


def test_several_things_at_once_and_a_yes(kari, news, activity, staff):
    subjects = [f"t{news.pk}.email", f"t{news.pk}.sms", f"p{activity.pk}"]

    staff.post(form_of(kari), filled_in(subjects=subjects, answer="opted_in"))

    assert {choice.scope for choice in Choice.objects.filter(state=State.OPTED_IN)} == {
        Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL),
        Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.SMS),
        Scope(kind=Kind.PROFILING, purpose=activity.pk),
    }


def test_a_refusal_is_told_in_words(kari, news, staff):
    answer = staff.post(form_of(kari), filled_in(answer="opted_in"))

    assert [(result["outcome"], result["detail"]) for result in answer.context["results"]] == [
        ("Refused", "A yes is given for one topic on one channel, or for one profiling purpose.")
    ]
    assert "A yes is given for one topic on one channel" in answer.content.decode()
    assert not Event.objects.exists()


def test_a_request_older_than_what_was_said_since_moves_nothing(kari, news, staff, say):
    say(kari, State.OPTED_OUT, now=timezone.now() - dt.timedelta(hours=1))
    field = f"t{news.pk}.email"

    answer = staff.post(form_of(kari), filled_in(subjects=[field], answer="opted_in"))

    assert answer.context["results"][0]["outcome"].startswith("Kept in the history")


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("mailed", "It starts once the person has confirmed it by e-mail."),
        ("no address", "there is no address we can send the link to"),
        ("too old", "the request is too old for that"),
    ],
)
def test_a_yes_to_be_confirmed_says_what_it_waits_for(kari, news, staff, settings, case, detail):
    Recipient.objects.filter(pk=kari.pk).update(country="DE", relationship="consumer_prospect")
    if case == "no address":
        kari.contact_points.update(unreachable_at=timezone.now())
    days = settings.CONFIRM_DAYS + 1 if case == "too old" else 0
    received_at = (timezone.now() - dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
    fields = filled_in(subjects=[f"t{news.pk}.email"], answer="opted_in", received_at=received_at)

    answer = staff.post(form_of(kari), fields)

    assert detail in answer.context["results"][0]["detail"]
    assert ConfirmationRequest.objects.exists() is (case == "mailed")


def test_sending_it_twice_changes_nothing_twice(kari, news, staff):
    for _ in range(2):
        answer = staff.post(form_of(kari), filled_in())

    assert [result["outcome"] for result in answer.context["results"]] == ["It was already so"]
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("route", "told"), [("phone", True), ("chat", True), ("letter", False), ("authority", False)]
)
def test_a_wording_is_kept_only_where_the_person_was_told_it(route, told, kari, news, staff):
    staff.post(form_of(kari), filled_in(route=route))

    assert (Event.objects.get().wording_id is not None) is told


FUTURE = (timezone.now() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")

BAD = {
    "nothing chosen": {"subjects": []},
    "something unknown chosen": {"subjects": ["t999999.email"]},
    "a channel the topic does not offer": {"subjects": ["t1.phone"]},
    "no answer": {"answer": ""},
    "another answer": {"answer": "pending"},
    "no route": {"route": ""},
    "another route": {"route": "pigeon"},
    "no time": {"received_at": ""},
    "a time to come": {"received_at": FUTURE},
    "not a time": {"received_at": "yesterday"},
    "no reason": {"reason": " "},
    "a long reason": {"reason": "x" * 501},
    "a null byte": {"reason": "Called.\x00"},
    "an address in the reason": {"reason": "Wrote from kari@example.com"},
    "a number in the reason": {"reason": "Call back on 998 87 766"},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_bad_input_changes_nothing(fields, kari, news, staff):
    answer = staff.post(form_of(kari), filled_in(**fields))

    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not Event.objects.exists()


@pytest.mark.parametrize("group", ["auditors", "editors"])
def test_others_cannot_post_it_either(group, kari, news, sign_in):
    assert sign_in(group).post(form_of(kari), filled_in()).status_code == 403
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Called on 2026-11-23 and asked for it.", False),
        ("Called on 23.11.2026, then on 24/11/26.", False),
        ("Case 4711-22", False),
        ("Wants 2 letters a year, not 12.", False),
        ("kari@example.com", True),
        ("kari (at) example.com", True),
        ("+47 998 87 766", True),
        ("tel. 22-33-44-55", True),
        ("(0047) 99887766", True),
        ("01017012345", True),
        ("on 2026-11-23 from 99887766", True),
    ],
)
def test_what_counts_as_personal_data(text, found):
    assert names_personal_data(text) is found
