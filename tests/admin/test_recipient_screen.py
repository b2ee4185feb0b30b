"""What staff see of one person: all of it, in a constant number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from preferences import ledger
from preferences.enums import Actor, Channel, Kind, Route, Source, State
from preferences.models import Event, Wording
from preferences.models.wording import WordingText
from preferences.scope import Scope
from tests.factories import RecipientFactory, StaffFactory

pytestmark = pytest.mark.django_db


def screen_of(recipient) -> str:
    return reverse("admin:preferences_recipient_change", args=[recipient.pk])


def scope_of(topic, channel=Channel.EMAIL) -> Scope:
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_statement_by_staff_is_shown_with_all_its_evidence(kari, news, staff, say):
    colleague = StaffFactory(email="berit@example.com")
    now = timezone.now()
    event = say(
        kari,
        State.OPTED_IN,
        scope=scope_of(news),
        now=now,
        wording=WordingText(language="nb", text="Si ja til produktnytt."),
        source=Source.STAFF,
        actor=Actor.STAFF,
        staff=colleague.pk,
        route=Route.PHONE,
        reason="Asked for it on the phone.",
        occurred_at=now - dt.timedelta(hours=2),
    )

    answer = staff.get(screen_of(kari))

    (line,) = answer.context["timeline"]
    assert (line["entry"].what, line["entry"].before, line["entry"].after, line["source"]) == (
        "Product news, Acme – E-mail",
        "Nothing said",
        "Yes",
        "Staff, on the person's behalf",
    )
    wording = reverse("admin:preferences_wording_text", args=[Wording.objects.get().pk])
    shown = text_of(answer)
    for part in (
        "berit@example.com",
        "Phone call",
        "Asked for it on the phone.",
        "Consent, GDPR article 6(1)(a)",
        f"event {event}",
        f"recorded {now:%-d %b %Y, %H:%M}",
        wording,
        reverse("admin:preferences_recipient_undo", args=[kari.pk, event]),
    ):
        assert part in shown, part
    assert "Si ja til produktnytt." in staff.get(wording).content.decode()


def test_the_state_of_every_switch_is_shown_with_its_reason(kari, news, activity, staff, say):
    say(kari, State.OPTED_OUT, scope=scope_of(news))

    answer = staff.get(screen_of(kari))

    brand, profiling = answer.context["sections"]
    assert text_of(answer).count('<span class="mark mark--yes">On</span>') == 2
    assert [
        (switch["label"], switch["allowed"], ". ".join(map(str, switch["reasons"])))
        for switch in brand["rows"][0]["switches"]
    ] == [
        ("E-mail", False, "Stopped"),
        ("Text message", False, "Nothing said; no sale on record that would allow it"),
        ("Letter", True, "Nothing said; the law allows it. No address or number on file"),
    ]
    assert [row["name"] for row in profiling["rows"]] == ["Your activity"]


def test_of_broad_stops_only_the_widest_is_named(kari, news, staff, say):
    say(kari, State.OPTED_OUT, scope=Scope(kind=Kind.MARKETING, brand=news.brand_id))
    assert [stop.value for stop in staff.get(screen_of(kari)).context["stops"]] == [f"brand.{news.brand_id}"]

    say(kari, State.OPTED_OUT)
    assert [stop.value for stop in staff.get(screen_of(kari)).context["stops"]] == ["all"]


def test_what_an_absorbed_recipient_said_stays_in_sight(kari, anonymous, staff, say):
    event = say(anonymous, State.OPTED_OUT)
    ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="Same person.", now=timezone.now())

    answer = staff.get(screen_of(kari))

    assert event in [line["entry"].event.pk for line in answer.context["timeline"]]
    assert f"#{anonymous.pk} into #{kari.pk}" in text_of(answer)
    assert f"as #{anonymous.pk}, before the merge" in text_of(answer)
    absorbed = staff.get(screen_of(anonymous))
    assert screen_of(kari) in absorbed.content.decode()
    assert not absorbed.context["may_act"]


def test_a_long_timeline_is_paged(kari, staff, say):
    now = timezone.now()
    events = [
        say(kari, state, now=now - dt.timedelta(minutes=100 - number), scope=scope)
        for number, (state, scope) in enumerate(_many_statements(55))
    ]

    first = staff.get(screen_of(kari))
    second = staff.get(screen_of(kari), {"before": first.context["older"]})

    seen = [line["entry"].event.pk for answer in (first, second) for line in answer.context["timeline"]]
    assert seen == events[::-1]
    assert second.context["older"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "\x00"])
def test_a_page_that_cannot_be_is_the_first_one(before, kari, staff):
    assert staff.get(screen_of(kari), {"before": before}).status_code == 200


def _many_statements(count):
    from tests.factories import TopicFactory

    topic = TopicFactory()
    for number in range(count):
        yield (State.OPTED_OUT if number % 2 else State.OPTED_IN), scope_of(topic)


def test_the_number_of_queries_does_not_grow(kari, news, staff, say):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(screen_of(kari)).status_code == 200
        return len(captured)

    say(kari, State.OPTED_OUT)
    with_one = queries()
    for state, scope in _many_statements(30):
        say(kari, state, scope=scope)
    for other in RecipientFactory.create_batch(2):
        ledger.merge(surviving=kari.pk, absorbed=other.pk, reason="Same person.", now=timezone.now())

    assert queries() == with_one
    assert with_one <= 17


def test_undo_asks_on_get_and_acts_on_post(kari, staff, say):
    event = say(kari, State.OPTED_OUT)
    path = reverse("admin:preferences_recipient_undo", args=[kari.pk, event])

    assert "Nothing said" in text_of(staff.get(path))
    assert Event.objects.count() == 1

    assert staff.post(path, {"route": "phone"}).status_code == 400
    assert Event.objects.count() == 1

    staff.post(path, {"route": "phone", "reason": "Meant something else."})
    undo = Event.objects.get(undoes=event)
    assert (undo.source, undo.actor, undo.staff, undo.route, undo.reason) == (
        Source.UNDO,
        Actor.STAFF,
        staff.user,
        Route.PHONE,
        "Meant something else.",
    )

    answer = staff.post(path, {"route": "phone", "reason": "Once more."}, follow=True)
    assert "This has already been undone." in text_of(answer)
    assert Event.objects.count() == 2


def test_undo_of_another_persons_event_is_not_found(kari, anonymous, staff, say):
    event = say(anonymous, State.OPTED_OUT)

    assert staff.get(reverse("admin:preferences_recipient_undo", args=[kari.pk, event])).status_code == 404


def test_erasing_takes_the_data_and_leaves_the_history(anonymous, sign_in, say):
    say(anonymous, State.OPTED_OUT)
    client = sign_in("superuser")
    path = reverse("admin:preferences_recipient_erase", args=[anonymous.pk])

    assert client.post(path).status_code == 400
    assert anonymous.contact_points.count() == 1

    answer = client.post(path, {"understood": "on"}, follow=True)
    assert anonymous.contact_points.count() == 0
    assert anonymous.events.count() > 1
    assert "was erased" in text_of(answer)
    assert not answer.context["may_act"]
