"""The inbox: what waits is found, told from the rest, settled once, and can be undone."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from preferences import ledger
from preferences.admin import message_findings, message_page
from preferences.admin.answer_templates import filled
from preferences.admin.message_desk import ERASURE_TEMPLATE
from preferences.enums import (
    Actor,
    Channel,
    ContactKind,
    Hold,
    Intake,
    Kind,
    MailKind,
    MessageKind,
    MessageState,
    Route,
    Source,
    State,
)
from preferences.inbox.letter import read_letter
from preferences.inbox.settle import AlreadyHandled, NoteInvalid, Stops, TextChanged, dismiss, settle
from preferences.inbox.suggestion import to_json
from preferences.mail.deliver import NOT_NEEDED
from preferences.models import (
    AnswerTemplate,
    Bounce,
    ChangeNotice,
    Event,
    Mail,
    MailAttempt,
    Message,
    MessageAct,
    Suppression,
)
from preferences.rules.deadlines import due_at
from preferences.scope import Scope
from tests.at_once import at_once
from tests.factories import ContactPointFactory, RecipientFactory, StaffFactory

pytestmark = pytest.mark.django_db

LIST = "admin:preferences_message_changelist"
RAW = """\
From: Kari Nordmann <kari@example.com>
To: news@acme.example.com
Subject: Stopp
Message-ID: <one@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Ikke send meg mer.
--b
Content-Type: application/pdf; name="contract.pdf"
Content-Disposition: attachment; filename="contract.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--b--
"""


@pytest.fixture
def arrive(kari, acme):
    """A message as the worker leaves it: by default one from Kari to Acme that waits, ten days old."""
    count = iter(range(1000))

    def arrived(*, raw: str = RAW, days_ago: float = 10, **columns) -> Message:
        received_at = timezone.now() - dt.timedelta(days=days_ago)
        return Message.objects.create(
            **{
                "key": f"{next(count):064}",
                "received_at": received_at,
                "intake": Intake.LISTENER,
                "envelope_sender": "kari@example.com",
                "recipients": ["news@acme.example.com"],
                "size": len(raw),
                "raw": raw.encode(),
                "state": MessageState.WAITING,
                "kind": MessageKind.STOP,
                "hold": Hold.NOT_SURE,
                "sender": "kari@example.com",
                "subject": "Stopp",
                "text": "Ikke send meg mer.",
                "evidence": {"dkim": "pass", "spf": "fail", "dmarc": "none"},
                "brand": acme,
                "recipient": kari,
                "contact_point": kari.contact_points.get(normalized="kari@example.com"),
                "suggestion": to_json([Scope(kind=Kind.MARKETING, brand=acme.pk)]),
                "due_at": received_at + dt.timedelta(days=30),
                **columns,
            }
        )

    return arrived


@pytest.fixture
def stranger(arrive):
    """Somebody nobody on record has the address of."""

    def wrote(**columns) -> Message:
        nobody = {"sender": "stranger@example.net", "recipient": None, "contact_point": None}
        return arrive(**{**nobody, "hold": Hold.SENDER_UNKNOWN, **columns})

    return wrote


def page_of(message, name="change", *arguments) -> str:
    return reverse(f"admin:preferences_message_{name}", args=[message.pk, *arguments])


def filled_in(message, way="settle", **fields) -> dict[str, object]:
    """The form as the page offers it, with what is chosen in it."""
    return {
        "way": way,
        "seen": message.copies.count(),
        "person": message.recipient_id or "",
        "reason": f"Message #{message.pk}",
        "language": "en",
        **fields,
    }


def listed(client, **parameters) -> list[int]:
    answer = client.get(reverse(LIST), parameters)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


# The list


def test_the_oldest_that_waits_comes_first_and_the_rest_is_not_there(staff, arrive):
    newer, older = arrive(days_ago=1), arrive(days_ago=3)
    arrive(days_ago=5, state=MessageState.ACTED, hold="", handled_at=timezone.now())

    assert listed(staff) == [older.pk, newer.pk]


def test_filters(staff, arrive, stranger, acme):
    mine = arrive(days_ago=9, assigned_to=staff.user)
    late = arrive(days_ago=8, due_at=timezone.now() - dt.timedelta(hours=1), kind=MessageKind.ACCESS)
    unknown = stranger(days_ago=7, brand=None)
    closed = arrive(state=MessageState.DISMISSED, hold="", handled_at=timezone.now())

    assert listed(staff, state="dismissed") == [closed.pk]
    assert listed(staff, state="all") == [closed.pk, unknown.pk, late.pk, mine.pk]
    assert listed(staff, state="nonsense") == [mine.pk, late.pk, unknown.pk]
    assert listed(staff, assigned="mine") == [mine.pk]
    assert listed(staff, assigned="nobody") == [late.pk, unknown.pk]
    assert listed(staff, due="overdue") == [late.pk]
    assert listed(staff, kind="access") == [late.pk]
    assert listed(staff, hold="sender_unknown") == [unknown.pk]
    assert listed(staff, brand=acme.pk) == [mine.pk, late.pk]


def test_closed_messages_show_what_became_of_them(staff, arrive):
    closed = arrive(state=MessageState.SETTLED, hold="", handled_at=timezone.now())

    def columns(**parameters) -> list[str]:
        return staff.get(reverse(LIST), parameters).context["cl"].list_display

    assert "deadline" in columns()
    for parameters in ({"state": "settled"}, {"state": "all"}, {"q": f"#{closed.pk}"}):
        assert "standing" in columns(**parameters)
        assert "deadline" not in columns(**parameters)
        assert "Settled by staff" in staff.get(reverse(LIST), parameters).content.decode()


def test_search_is_by_the_whole_address_or_the_number_whatever_the_state(staff, arrive, stranger):
    kari = arrive(state=MessageState.SETTLED, hold="", handled_at=timezone.now())
    other = stranger()

    assert listed(staff, q="KARI@Example.com ") == [kari.pk]
    assert listed(staff, q=f"#{other.pk}") == [other.pk]
    assert listed(staff, q=str(kari.pk), state="waiting") == []
    assert listed(staff, q="kari") == []


@pytest.mark.parametrize(
    ("left", "words", "sign"),
    [
        (dt.timedelta(days=12, hours=1), "12 days left", "mark--"),
        (dt.timedelta(days=2, hours=1), "2 days left", "mark--"),
        (dt.timedelta(hours=26, minutes=1), "26 hours left", "mark--pending"),
        (dt.timedelta(hours=1, minutes=1), "1 hour left", "mark--pending"),
        (dt.timedelta(minutes=30), "Less than an hour left", "mark--pending"),
        (-dt.timedelta(minutes=30), "Overdue", "mark--no"),
        (-dt.timedelta(hours=5, minutes=1), "5 hours overdue", "mark--no"),
        (-dt.timedelta(days=1, hours=1), "1 day overdue", "mark--no"),
    ],
)
def test_the_deadline_says_how_long_is_left(staff, arrive, left, words, sign):
    message = arrive(due_at=timezone.now() + left)

    for path in (reverse(LIST), page_of(message)):
        assert f'<span class="mark {sign}">{words}</span>' in staff.get(path).content.decode()


def test_the_law_of_the_persons_country_is_named(staff, arrive):
    message = arrive()
    message.due_at = due_at(kind=MessageKind.STOP, country="NO", received_at=message.received_at)
    message.save()

    assert ">GDPR<" in staff.get(reverse(LIST)).content.decode()
    assert "GDPR articles 12(3) and 21(3)" in staff.get(page_of(message)).content.decode()


def test_where_the_country_is_not_known_the_earliest_deadline_is_named_as_such(staff, stranger):
    said = "The earliest there is, since the country is not known."
    assert said in staff.get(page_of(stranger())).content.decode()
    assert said not in staff.get(page_of(stranger(kind=MessageKind.STOP_LINK))).content.decode()


def test_whom_to_look_for_is_asked_in_other_words_while_nobody_is_known(staff, arrive, stranger):
    assert staff.get(page_of(arrive())).context["form"]["other"].label == "Somebody else"
    assert staff.get(page_of(stranger())).context["form"]["other"].label == "Who it is from"


def test_no_deadline_is_none(staff, arrive):
    message = arrive(due_at=None)

    assert staff.get(reverse(LIST)).status_code == 200
    assert staff.get(page_of(message)).context["deadline"] is None


def test_the_number_of_queries_does_not_grow(staff, arrive, stranger):
    def queries(path) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(path).status_code == 200
        assert not any(
            "COUNT(*)" in query["sql"] and "preferences_message" in query["sql"] for query in captured
        )
        return len(captured)

    arrive(assigned_to=staff.user)
    with_one = queries(reverse(LIST))
    for _number in range(10):
        arrive(recipient=RecipientFactory(), contact_point=None, assigned_to=StaffFactory())
    assert queries(reverse(LIST)) == with_one
    assert queries(reverse(LIST) + "?state=all") == with_one


def test_the_list_leaves_the_bytes_where_they_are(staff, arrive):
    arrive()
    with CaptureQueriesContext(connection) as captured:
        staff.get(reverse(LIST))
    assert not any('"preferences_message"."raw"' in query["sql"] for query in captured)


# Taking and giving back


def test_taking_and_giving_back(staff, arrive, sign_in):
    message = arrive()
    other = sign_in("support")

    staff.post(page_of(message, "take"))
    message.refresh_from_db()
    assert message.assigned_to == staff.user

    answer = other.post(page_of(message, "take"), follow=True)
    assert said(answer) == ["Somebody else was quicker: look at the message again."]
    other.post(page_of(message, "release"))
    message.refresh_from_db()
    assert message.assigned_to == staff.user

    other.post(page_of(message, "take"), {"instead_of": staff.user.pk})
    message.refresh_from_db()
    assert message.assigned_to == other.user
    other.post(page_of(message, "release"))
    message.refresh_from_db()
    assert message.assigned_to is None


def test_handing_it_over(staff, arrive, sign_in):
    message = arrive()
    colleague, auditor = sign_in("support"), sign_in("auditors")
    form = staff.get(page_of(message)).context["hand_over"]
    assert set(form.fields["to"].queryset) == {staff.user, colleague.user}

    for to in (auditor.user.pk, "", "x", 999999999):
        answer = staff.post(page_of(message, "hand_over"), {"to": to}, follow=True)
        assert said(answer) == ["Choose a colleague who may handle messages."]
    staff.post(page_of(message, "hand_over"), {"to": colleague.user.pk})
    message.refresh_from_db()
    assert message.assigned_to == colleague.user

    page = staff.get(page_of(message)).content.decode()
    assert page.count(f"Assigned to {colleague.user}") == 2, "beside both ways to close it"
    assert "Assigned to " not in colleague.get(page_of(message)).content.decode().replace(
        "<dt>Assigned to</dt>", ""
    )

    answer = staff.post(page_of(message, "hand_over"), {"to": staff.user.pk}, follow=True)
    assert said(answer) == ["Somebody else was quicker: look at the message again."]
    staff.post(page_of(message, "hand_over"), {"to": staff.user.pk, "instead_of": colleague.user.pk})
    message.refresh_from_db()
    assert message.assigned_to == staff.user


def test_looking_changes_nothing(staff, arrive):
    message = arrive()
    for name in ("take", "hand_over", "release", "reopen", "reachable"):
        assert staff.get(page_of(message, name)).status_code == 405
    staff.get(page_of(message))
    staff.head(page_of(message))
    message.refresh_from_db()
    assert (message.assigned_to, message.state) == (None, MessageState.WAITING)


def test_the_button_in_the_list_takes_it(staff, arrive):
    message = arrive()
    assert f'formaction="{page_of(message, "take")}"' in staff.get(reverse(LIST)).content.decode()


# The page


def test_the_page_says_who_wrote_what_to_whom(staff, arrive):
    page = staff.get(page_of(arrive())).content.decode()

    for words in (
        *("Kari Nordmann", "k•••@e•••.com", "By the sender&#x27;s address", "Ikke send meg mer."),
        *("contract.pdf", "application/pdf", "Acme", "news@acme.example.com"),
        "Signed, and not changed on the way",
        "Came from a server that may not send for the domain",
    ):
        assert words in page, words


NASTY = """\
<script>alert(1)</script> <img src="https://tracker.example/x.gif">
https://phish.example/login  javascript:alert(1)  <a href="https://phish.example">here</a>
"""


def test_what_strangers_write_is_text_and_nothing_else(staff, stranger):
    raw = f"From: stranger@example.net\nSubject: =?utf-8?q?=3Cb=3Ebold?=\n\n{NASTY}"
    message = stranger(raw=raw, subject="<b>bold", text=NASTY, recipients=["<i>@example.com"])
    answer = staff.get(page_of(message))
    page = answer.content.decode()

    for markup in (
        "<script>alert",
        "<img src=",
        "<b>bold",
        "<i>@",
        'href="https://phish',
        'href="javascript',
    ):
        assert markup not in page, markup
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "img-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_bytes_are_saved_and_never_shown(staff, arrive, sign_in):
    message = arrive()
    copy = message.copies.create(digest="d" * 64, received_at=timezone.now(), raw=b"From: x\n\nOther")

    for path, raw in [(page_of(message, "raw"), RAW.encode()), (page_of(message, "copy", copy.pk), copy.raw)]:
        answer = staff.get(path)
        assert answer.content == raw
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="message-')
        assert answer.headers["Content-Disposition"].endswith('.eml"')
        assert sign_in("auditors").get(path).status_code == 403
    other = arrive()
    assert staff.get(page_of(other, "copy", copy.pk)).status_code == 404


def test_reports_that_wait_are_shown_as_they_came(staff, stranger):
    nobody = {"kind": MessageKind.COMPLAINT, "sender": "", "subject": "", "text": ""}
    report = stranger(
        is_report=True, raw='{"event_type": "complained", "recipient": "x@example.net"}', **nobody
    )
    complaint = stranger(raw="Subject: Abuse report\n\nThis is an abuse report for x@example.net.", **nobody)

    assert "x@example.net" in staff.get(page_of(report)).content.decode()
    assert "x@example.net" in staff.get(page_of(complaint)).content.decode()
    assert staff.get(page_of(report, "raw")).headers["Content-Disposition"].endswith('.json"')


def test_a_copy_with_another_text_is_shown_beside_the_first(staff, arrive):
    message = arrive(hold=Hold.OTHER_TEXT)
    raw = b"From: kari@example.com\nSubject: Stopp\n\nJeg mente noe annet."
    message.copies.create(digest="d" * 64, received_at=timezone.now(), raw=raw)

    page = staff.get(page_of(message)).content.decode()

    assert "Ikke send meg mer." in page
    assert "Jeg mente noe annet." in page


def test_of_many_copies_the_newest_few_are_read(staff, arrive, monkeypatch):
    message = arrive()
    copies = [
        message.copies.create(
            digest=f"{number:064}", received_at=timezone.now(), raw=f"From: x\n\nText {number}.".encode()
        )
        for number in range(12)
    ]
    read: list[bytes] = []
    monkeypatch.setattr(message_findings, "read_letter", lambda raw: read.append(raw) or read_letter(raw))

    def texts(answer) -> list[str]:
        return [copy.text.strip() for copy in answer.context["contents"].copies_read]

    assert texts(staff.get(page_of(message))) == ["Text 11.", "Text 10.", "Text 9."]
    assert len(read) == 4
    answer = staff.get(page_of(message), {"copy": copies[2].pk})
    assert texts(answer) == ["Text 2."]
    assert answer.context["form"]["seen"].value() == 12
    for strange in ("x", "9" * 30, "0"):
        assert len(texts(staff.get(page_of(message), {"copy": strange}))) == 3

    read.clear()
    staff.post(page_of(message), filled_in(message, subjects=["all"], reason=""))
    assert len(read) == 4
    read.clear()
    staff.post(page_of(message), filled_in(message, subjects=["all"]))
    assert read == [], "what is settled is not read once more"
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED


def test_who_was_found_by_the_address_to_answer_to(staff, arrive):
    raw = "From: work@example.net\nReply-To: kari@example.com\nSubject: Stop\n\nStop"
    page = staff.get(page_of(arrive(raw=raw, sender="work@example.net"))).content.decode()

    for words in (
        *("By the address to answer to", "k•••@e•••.com"),
        "About example.net, the domain of the sender's address.",
        "It says nothing about the address to answer to.",
    ):
        assert words in page, words


def test_content_that_was_deleted_is_said_to_be(staff, arrive):
    message = arrive(state=MessageState.SETTLED, hold="", handled_at=timezone.now())
    empty = {"raw": None, "sender": "", "subject": "", "text": "", "envelope_sender": "", "recipients": []}
    Message.objects.filter(pk=message.pk).update(**empty, evidence={}, content_deleted_at=timezone.now())

    answer = staff.get(page_of(message))
    assert "Content deleted on" in answer.content.decode()
    assert answer.context["may_reopen"] is False
    assert staff.get(page_of(message, "raw")).status_code == 404

    answer = staff.post(page_of(message, "reopen"), follow=True)
    assert said(answer) == ["Its content was deleted: there is nothing left to decide about."]
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED


def test_bytes_that_are_no_mail_at_all_are_shown(staff, arrive):
    message = arrive(hold=Hold.UNREADABLE, text="", subject="", sender="", recipient=None, contact_point=None)
    Message.objects.filter(pk=message.pk).update(raw=b"\xff\x00\xfe" * 1000)
    assert staff.get(page_of(message)).status_code == 200


@pytest.mark.parametrize("state", [state for state in MessageState if state is not MessageState.WAITING])
def test_what_does_not_wait_has_no_form(staff, arrive, state):
    handled_at = None if state is MessageState.RECEIVED else timezone.now()
    message = arrive(state=state, hold="", handled_at=handled_at)
    answer = staff.get(page_of(message))
    assert answer.context["form"] is None
    assert answer.context["may_reopen"] is (state is not MessageState.RECEIVED)


def test_auditors_read_and_cannot_act(arrive, sign_in):
    message = arrive()
    auditor = sign_in("auditors")

    assert auditor.get(page_of(message)).context["form"] is None
    for way in ("settle", "dismiss", "find", "fill"):
        assert auditor.post(page_of(message), filled_in(message, way)).status_code == 403
    for name in ("take", "hand_over", "release", "reopen", "reachable"):
        assert auditor.post(page_of(message, name)).status_code == 403
    assert sign_in("editors").get(page_of(message)).status_code == 403


# Settling it by a stop


def test_the_suggestion_is_chosen_and_settles_it(staff, arrive, kari, acme, news):
    message = arrive()
    form = staff.get(page_of(message)).context["form"]
    chosen = form["subjects"].value()
    assert chosen == [f"brand.{acme.pk}"]
    assert not form["send"].value()

    answer = staff.post(page_of(message), filled_in(message, subjects=chosen))

    assert answer.headers["Location"] == page_of(message)
    event = Event.objects.get()
    assert (event.scope, event.state) == (Scope(kind=Kind.MARKETING, brand=acme.pk), State.OPTED_OUT)
    assert (event.source, event.actor, event.staff, event.route) == (
        *(Source.STAFF, Actor.STAFF, staff.user),
        Route.EMAIL,
    )
    assert (event.occurred_at, event.reason) == (message.received_at, f"Message #{message.pk}")
    assert list(message.acts.values_list("event", flat=True)) == [event.pk]
    message.refresh_from_db()
    assert (message.state, message.hold, message.handled_by) == (MessageState.SETTLED, "", staff.user)
    assert message.handled_at is not None
    assert not Mail.objects.exists()
    assert ChangeNotice.objects.get().events == [event.pk], "the person is told"


def test_several_things_and_single_topics_can_be_stopped(staff, arrive, news, activity):
    message = arrive()
    subjects = [f"t{news.pk}.sms", "profiling", "channel.post"]

    staff.post(page_of(message), filled_in(message, subjects=subjects))

    assert {event.scope for event in Event.objects.all()} == {
        Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel="sms"),
        Scope.all_profiling(),
        Scope(kind=Kind.MARKETING, channel="post"),
    }
    assert message.acts.count() == 3


def test_sent_twice_acts_once(staff, arrive, news):
    message = arrive()
    fields = filled_in(message, subjects=["all"])
    staff.post(page_of(message), fields)
    answer = staff.post(page_of(message), fields, follow=True)

    assert f"already handled by {staff.user}" in " ".join(said(answer))
    assert Event.objects.count() == 1


def test_the_second_of_two_is_told_who_was_quicker(staff, arrive, news, sign_in):
    message = arrive()
    sign_in("support").post(page_of(message), filled_in(message, "dismiss", note="Spam"))
    first = Message.objects.get(pk=message.pk).handled_by

    answer = staff.post(page_of(message), filled_in(message, subjects=["all"]), follow=True)

    assert f"already handled by {first}" in " ".join(said(answer))
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_act_once(arrive, news):
    message = arrive()
    people = [StaffFactory() for _ in range(4)]

    def try_it(by):
        stops = Stops(scopes=(Scope.all_marketing(),), reason="Message")
        try:
            settle(message=message.pk, by=by, seen=0, stops=stops, now=timezone.now())
        except AlreadyHandled:
            return False
        return True

    assert sorted(at_once(*[lambda by=one.pk: try_it(by) for one in people])) == [False, False, False, True]
    assert Event.objects.count() == 1
    assert MessageAct.objects.count() == 1


def test_another_text_that_came_meanwhile_is_looked_at_first(staff, arrive, news):
    message = arrive()
    fields = filled_in(message, subjects=["all"])
    message.copies.create(digest="d" * 64, received_at=timezone.now(), raw=b"From: x\n\nOther")

    fields |= {"send": "on", "subject": "Hello", "text": "My own words."}
    answer = staff.post(page_of(message), fields)

    assert "with another text" in " ".join(said(answer))
    form = answer.context["form"]
    assert (form["seen"].value(), form["text"].value()) == (1, "My own words."), "to be sent once it was read"
    assert not Event.objects.exists()
    message.refresh_from_db()
    assert message.state == MessageState.WAITING


def test_what_was_so_already_settles_it_without_an_event_of_its_own(staff, arrive, kari, news, say):
    message = arrive()
    say(kari, State.OPTED_OUT)

    staff.post(page_of(message), filled_in(message, subjects=["all"]))

    message.refresh_from_db()
    assert message.state == MessageState.SETTLED
    assert not message.acts.exists()


def test_what_was_said_since_the_message_came_stays(staff, arrive, kari, news, say):
    """The stop counts from when the message was received: a yes since then holds."""
    message = arrive()
    scope = Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)
    say(kari, State.OPTED_IN, scope=scope, now=timezone.now() - dt.timedelta(hours=1))

    staff.post(page_of(message), filled_in(message, subjects=[f"t{news.pk}.email"]))

    assert kari.choices.get(purpose=news).state == State.OPTED_IN
    assert message.acts.get().event.superseded


def test_a_suggestion_that_is_no_longer_offered_can_be_stopped(staff, arrive, news, acme):
    news.retired_at = timezone.now()
    news.save()
    message = arrive()
    (chosen,) = staff.get(page_of(message)).context["form"]["subjects"].value()

    staff.post(page_of(message), filled_in(message, subjects=[chosen]))

    assert Event.objects.get().scope == Scope(kind=Kind.MARKETING, brand=acme.pk)


def test_somebody_else_is_found_and_then_acted_for(staff, stranger, kari, news):
    message = stranger()
    point = ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+47 400 00 000")
    assert point
    assert staff.get(page_of(message)).context["form"].desk.person is None

    for text in ("KARI@example.com", "0047 40000000", f"#{kari.pk}"):
        answer = staff.post(page_of(message), filled_in(message, "find", other=text, text="Typed already"))
        assert answer.context["form"].desk.person == kari
        assert answer.context["form"]["subjects"].value() == [f"brand.{news.brand_id}"]
        assert answer.context["form"]["text"].value() == "Typed already"
    assert Message.objects.get(pk=message.pk).recipient is None, "finding saves nothing"

    untouched = staff.get(page_of(message)).context["form"].initial
    posted = {**untouched, "way": "find", "other": "kari@example.com", "reason": "", "person": ""}
    form = staff.post(page_of(message), posted).context["form"]
    assert form["subject"].value() == "Vi har stoppet det", "in the language of whoever was found"
    assert form["reason"].value() == f"Message #{message.pk}"

    staff.post(page_of(message), filled_in(message, person=kari.pk, subjects=["all"]))
    message.refresh_from_db()
    assert (message.recipient, message.state) == (kari, MessageState.SETTLED)
    assert Event.objects.get().recipient == kari


def test_the_sender_staff_found_reads_in_the_answer_what_was_stopped(staff, stranger, kari, news):
    """The address was added to the person since: the answer has its links, and tells instead of a second mail."""
    message = stranger()
    point = ContactPointFactory(recipient=kari, kind=ContactKind.EMAIL, value="stranger@example.net")
    fields = {"send": "on", "subject": "Hei", "text": "Stoppet:\n{changes}"}

    staff.post(page_of(message), filled_in(message, person=kari.pk, subjects=["all"], **fields))

    message.refresh_from_db()
    assert (message.recipient, message.contact_point, message.language) == (kari, point, "nb")
    assert Mail.objects.get().contact_point == point
    assert not ChangeNotice.objects.exists()


def test_an_answer_alone_belongs_to_whoever_staff_found(staff, arrive, anonymous, kari):
    """And goes to the sender, no longer to the address of somebody else it was matched by."""
    message = arrive(sender="stranger@example.net")
    assert message.answer_to == "kari@example.com"
    answer = staff.post(page_of(message), filled_in(message, "find", other=f"#{anonymous.pk}"))
    assert answer.context["form"].desk.answers_to == "stranger@example.net"

    fields = {"person": anonymous.pk, "send": "on", "subject": "Hei", "text": "Hallo"}
    staff.post(page_of(message), filled_in(message, **fields))

    message.refresh_from_db()
    assert (message.recipient, message.contact_point) == (anonymous, None)
    assert message.answer_to == "stranger@example.net"


def test_of_two_people_staff_say_which(staff, arrive, kari, anonymous, news):
    raw = "From: kari@example.com\nReply-To: anonymous@example.com\nSubject: Stop\n\nStop"
    message = arrive(raw=raw, hold=Hold.SENDER_AMBIGUOUS, recipient=None, contact_point=None)
    answer = staff.get(page_of(message))
    assert {one["person"] for one in answer.context["sender"].candidates} == {kari.pk, anonymous.pk}

    answer = staff.post(page_of(message), filled_in(message, "", choose=anonymous.pk))
    assert answer.context["form"].desk.person == anonymous


@pytest.mark.parametrize("text", ["", "nobody@example.com", "kari", "#0", "a\x00b", "9" * 40])
def test_nobody_is_found(staff, stranger, kari, text):
    answer = staff.post(page_of(stranger()), {"way": "find", "other": text})
    assert answer.status_code == 200
    assert answer.context["form"].desk.person is None


def test_nothing_is_done_for_an_address_nobody_looked_up(staff, arrive, kari, anonymous, news):
    message = arrive()
    answer = staff.post(page_of(message), filled_in(message, other="anonymous@example.com", subjects=["all"]))
    assert answer.status_code == 400
    assert answer.context["form"].has_error("other", "not_looked_up")
    assert not Event.objects.exists()


def test_whoever_was_merged_meanwhile_is_followed(staff, arrive, kari, anonymous, news):
    message = arrive()
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="Same.", now=timezone.now())
    assert staff.get(page_of(message)).context["form"].desk.person == anonymous

    staff.post(page_of(message), filled_in(message, subjects=["all"]))

    assert Event.objects.get(source=Source.STAFF).recipient == anonymous


def test_whoever_was_erased_meanwhile_is_not_acted_for(staff, arrive, kari, news):
    message = arrive()
    ledger.erase(recipient=kari.pk, now=timezone.now())
    assert staff.get(page_of(message)).context["form"].desk.person is None

    assert staff.post(page_of(message), filled_in(message, subjects=["all"])).status_code == 400
    assert not Event.objects.filter(source=Source.STAFF).exists()


BAD = {
    "nothing chosen": {},
    "something unknown": {"subjects": ["t999999.email"]},
    "no reason": {"subjects": ["all"], "reason": " "},
    "an address in the reason": {"subjects": ["all"], "reason": "kari@example.com asked"},
    "a null byte": {"subjects": ["all"], "reason": "a\x00b"},
    "nobody": {"subjects": ["all"], "person": ""},
    "somebody unknown": {"subjects": ["all"], "person": "999999999"},
    "no number": {"subjects": ["all"], "person": "x"},
    "not what was looked at": {"subjects": ["all"], "seen": ""},
    "an empty answer": {"send": "on", "subject": "Hello", "text": " "},
    "an answer without a subject": {"send": "on", "subject": "", "text": "Hello"},
    "an unknown placeholder": {"send": "on", "subject": "Hello", "text": "Hello {name}"},
    "changes that are none": {"send": "on", "subject": "Hello", "text": "We did: {changes}"},
    "changes in the subject": {"subjects": ["all"], "send": "on", "subject": "{changes}", "text": "Hello"},
    "an item that is still to be written": {"send": "on", "subject": "Hello", "text": "We have:\r\n- \r\n"},
    "an answer that is not needed": {"send": "on", "needless": "on", "subject": "Hello", "text": "Hello"},
    "what was written, without a tick": {"subjects": ["all"], "text": "My own words."},
    "what was written, set aside": {"way": "dismiss", "note": "Spam", "text": "My own words."},
    "dismissed without a reason": {"way": "dismiss", "note": " "},
    "a number in the note": {"way": "dismiss", "note": "Called from 99887766"},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_bad_input_changes_nothing(staff, arrive, news, fields):
    message = arrive()
    answer = staff.post(page_of(message), filled_in(message, **fields))

    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not Event.objects.exists()
    assert not Mail.objects.exists()
    message.refresh_from_db()
    assert message.state == MessageState.WAITING


# Settling it by an answer


def test_a_template_is_filled_in_in_the_persons_language(staff, arrive, kari):
    message = arrive(kind=MessageKind.ACCESS, hold=Hold.NEEDS_ANSWER, suggestion=[])
    form = staff.get(page_of(message)).context["form"]
    template = AnswerTemplate.objects.get(key="access")

    assert form["template"].value() == str(template.pk)
    assert form["language"].value() == "nb"
    assert form["subject"].value() == "Dette har vi registrert om deg"
    assert "u spurte Acme" in form["text"].value()
    assert "{page}" not in form["text"].value()

    other = AnswerTemplate.objects.get(key="question")
    answer = staff.post(
        page_of(message), filled_in(message, "fill", template=other.pk, language="en", subjects=["all"])
    )
    form = answer.context["form"]
    assert form["subject"].value() == "What would you like us to do?"
    assert form["subjects"].value() == ["all"]
    assert form["send"].value() is True
    assert not Mail.objects.exists()


def test_a_retired_template_is_not_offered(staff, arrive):
    AnswerTemplate.objects.filter(key="access").update(retired_at=timezone.now())
    message = arrive(kind=MessageKind.ACCESS)
    form = staff.get(page_of(message)).context["form"]
    assert "What is on record" not in str(form["template"])
    assert form["text"].value() == ""


@pytest.mark.parametrize("kind", [MessageKind.ACCESS, MessageKind.ERASURE])
def test_who_asks_is_answered_unless_staff_say_otherwise(staff, arrive, news, kind):
    message = arrive(kind=kind, hold=Hold.NEEDS_ANSWER, suggestion=to_json([Scope.all_marketing()]))
    form = staff.get(page_of(message)).context["form"]
    assert form["send"].value() is True
    offered = {name: form[name].value() or "" for name in ("subjects", "template", "subject", "text")}

    answer = staff.post(page_of(message), filled_in(message, **offered))
    assert answer.context["form"].has_error("send", "no_answer")
    written = {**offered, "text": "My own words."}
    answer = staff.post(page_of(message), filled_in(message, **written))
    assert answer.context["form"].has_error("send", "unsent")
    assert "My own words." in answer.content.decode()
    assert not Event.objects.exists()

    staff.post(page_of(message), filled_in(message, **offered, needless="on"))
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED
    assert Event.objects.exists()
    assert not Mail.objects.exists()


def test_a_text_nobody_touched_is_nothing_to_lose(staff, arrive, news):
    """In whatever language it was filled in, and with the line ends of a browser."""
    message = arrive()
    template = AnswerTemplate.objects.get(key="stopped")
    text = filled(template=template, language="sv", brand=message.brand)[1].replace("\n", "\r\n")

    staff.post(page_of(message), filled_in(message, subjects=["all"], text=text))

    message.refresh_from_db()
    assert message.state == MessageState.SETTLED


@pytest.fixture
def erasure(arrive):
    """Kari wants her data erased; and what says that it is."""
    message = arrive(kind=MessageKind.ERASURE, hold=Hold.NEEDS_ANSWER, suggestion=[], language="nb")
    template = AnswerTemplate.objects.get(key=ERASURE_TEMPLATE)
    answer = {"send": "on", "template": template.pk, "subject": "Slettet", "text": "Vi har slettet alt."}
    return message, answer


def test_nobody_is_told_by_mistake_that_their_data_is_erased(staff, erasure):
    message, answer = erasure
    refused = staff.post(page_of(message), filled_in(message, **answer))
    assert refused.context["form"].has_error("not_erased", "not_erased")
    assert not Mail.objects.exists()

    staff.post(page_of(message), filled_in(message, **answer, not_erased="on"))
    assert Mail.objects.get().text == "Vi har slettet alt."


def test_who_was_erased_first_is_told_in_their_language(staff, erasure, kari):
    message, answer = erasure
    ledger.erase(recipient=kari.pk, now=timezone.now())
    form = staff.get(page_of(message)).context["form"]
    assert form["language"].value() == "nb"
    assert form.asks_about_erasure is False

    staff.post(page_of(message), filled_in(message, **{**answer, "language": "nb", "person": ""}))

    mail = Mail.objects.get()
    assert (mail.answers, mail.language) == (message, "nb")
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED


def test_an_answer_settles_it(staff, arrive, kari):
    message = arrive(kind=MessageKind.ACCESS, hold=Hold.NEEDS_ANSWER, suggestion=[])

    staff.post(
        page_of(message), filled_in(message, send="on", subject="Hei", text="Her er det.", language="nb")
    )

    mail = Mail.objects.get()
    assert (mail.kind, mail.answers, mail.recipient, mail.language) == (MailKind.ANSWER, message, kari, "nb")
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED
    page = staff.get(page_of(message)).content.decode()
    assert reverse("admin:preferences_mail_change", args=[mail.pk]) in page


def test_a_stop_and_an_answer_in_one(staff, arrive, news):
    message = arrive()
    fields = {"subjects": ["all"], "send": "on", "subject": "Hei", "text": "Vi har stoppet:\n{changes}"}

    staff.post(page_of(message), filled_in(message, **fields))

    assert Event.objects.count() == Mail.objects.count() == 1
    assert not ChangeNotice.objects.exists(), "the answer tells what was stopped"


def test_a_stop_that_the_answer_does_not_tell_is_told_by_itself(staff, arrive, news):
    message = arrive()
    fields = {"subjects": ["all"], "send": "on", "subject": "Hei", "text": "Takk."}

    staff.post(page_of(message), filled_in(message, **fields))

    assert ChangeNotice.objects.exists()


@pytest.mark.parametrize("sender", ["", "no-reply@example.com", "mailer-daemon@example.com"])
def test_programs_get_no_answer(staff, arrive, sender):
    message = arrive(sender=sender, contact_point=None)
    assert staff.get(page_of(message)).context["form"].desk.may_answer is False

    answer = staff.post(
        page_of(message), filled_in(message, send="on", subject="Hei", text="Hallo"), follow=True
    )

    assert "cannot be answered" in " ".join(said(answer))
    assert not Mail.objects.exists()
    message.refresh_from_db()
    assert message.state == MessageState.WAITING


# A stranger's address


def test_a_strangers_address_is_suppressed(staff, stranger):
    message = stranger()
    staff.post(page_of(message), filled_in(message, suppress="on"))

    suppression = Suppression.objects.get()
    assert (suppression.reason, suppression.note, suppression.created_by) == (
        *("request", f"Message #{message.pk}"),
        staff.user,
    )
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED
    assert staff.get(page_of(message)).context["sender"].suppression == suppression


def test_a_suppression_needs_its_own_right_and_an_address(sign_in, stranger):
    Group.objects.get(name="support").permissions.remove(Permission.objects.get(codename="add_suppression"))
    message = stranger()
    assert sign_in("support").post(page_of(message), filled_in(message, suppress="on")).status_code == 400
    nobody = stranger(sender="")
    assert sign_in("superuser").post(page_of(nobody), filled_in(nobody, suppress="on")).status_code == 400
    assert not Suppression.objects.exists()
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.WAITING}


def test_a_suppression_is_taken_back_with_the_rest(staff, stranger, monkeypatch):
    def too_late(**_arguments):
        raise TextChanged

    monkeypatch.setattr(message_page, "settle", too_late)
    message = stranger()
    staff.post(page_of(message), filled_in(message, suppress="on"))
    assert not Suppression.objects.exists()


# Not a request


def test_setting_it_aside_needs_a_reason(staff, arrive, news):
    message = arrive()
    staff.post(page_of(message), filled_in(message, "dismiss", note=" An  offer to us ", subjects=["all"]))

    message.refresh_from_db()
    assert (message.state, message.note, message.handled_by) == (
        *(MessageState.DISMISSED, "An offer to us"),
        staff.user,
    )
    assert not Event.objects.exists()


@pytest.mark.parametrize(("note", "code"), [(" ", "missing"), ("kari@example.com", "personal_data")])
def test_a_note_that_cannot_be_kept(arrive, support, note, code):
    with pytest.raises(NoteInvalid) as caught:
        dismiss(message=arrive().pk, by=support.pk, seen=0, note=note, now=timezone.now())
    assert caught.value.code == code


# What it led to, and taking it back


@pytest.fixture
def acted(arrive, kari, acme, news, say):
    """A message that was acted on automatically."""
    message = arrive(state=MessageState.ACTED, hold="", handled_at=timezone.now(), due_at=None)
    event = say(
        kari, State.OPTED_OUT, scope=Scope(kind=Kind.MARKETING, brand=acme.pk), source=Source.EMAIL_REQUEST
    )
    message.acts.create(event_id=event)
    return message


def test_an_automatic_act_is_undone_from_the_message(staff, acted, kari):
    event = acted.acts.get().event
    undo = f"{reverse('admin:preferences_recipient_undo', args=[kari.pk, event.pk])}?message"
    assert undo in staff.get(page_of(acted)).content.decode()

    asked = staff.get(undo)
    assert asked.context["screen"] == page_of(acted)
    form = {"route": "email", "reason": asked.context["form"]["reason"].value()}
    answer = staff.post(undo, form)

    assert answer.headers["Location"] == page_of(acted)
    assert not kari.choices.filter(state=State.OPTED_OUT).exists()
    page = staff.get(page_of(acted)).content.decode()
    assert "Undone" in page
    assert undo not in page


def test_the_undo_of_another_event_leads_back_to_the_person(staff, kari, news, say):
    event = say(kari, State.OPTED_OUT)
    answer = staff.get(f"{reverse('admin:preferences_recipient_undo', args=[kari.pk, event])}?message")
    assert answer.context["screen"] == reverse("admin:preferences_recipient_change", args=[kari.pk])


def test_what_was_done_before_a_merge_is_changed_for_the_one_that_stays(staff, acted, kari, anonymous):
    event = acted.acts.get().event
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="Same.", now=timezone.now())

    page = staff.get(page_of(acted)).content.decode()
    assert reverse("admin:preferences_recipient_undo", args=[kari.pk, event.pk]) not in page
    assert reverse("admin:preferences_recipient_on_behalf", args=[anonymous.pk]) in page

    ledger.erase(recipient=anonymous.pk, now=timezone.now())
    page = staff.get(page_of(acted)).content.decode()
    assert reverse("admin:preferences_recipient_undo", args=[kari.pk, event.pk]) not in page
    assert reverse("admin:preferences_recipient_on_behalf", args=[anonymous.pk]) not in page


def test_what_was_wrong_waits_again(staff, acted):
    staff.post(page_of(acted, "reopen"))

    acted.refresh_from_db()
    assert (acted.state, acted.hold, acted.assigned_to) == (
        *(MessageState.WAITING, Hold.NOT_SURE),
        staff.user,
    )
    assert (acted.handled_at, acted.handled_by) == (None, None)
    assert acted.due_at is not None
    assert acted.acts.count() == 1
    assert staff.get(page_of(acted)).context["form"] is not None

    answer = staff.post(page_of(acted, "reopen"), follow=True)
    assert said(answer) == ["This message is open already."]


def test_an_automatic_reply_that_was_none_gets_a_deadline(staff, arrive):
    message = arrive(
        state=MessageState.IGNORED,
        kind=MessageKind.AUTO_REPLY,
        hold="",
        handled_at=timezone.now(),
        due_at=None,
    )
    staff.post(page_of(message, "reopen"))
    message.refresh_from_db()
    assert message.due_at is not None


def test_an_address_that_came_back_is_let_go_again(staff, arrive, kari):
    point = kari.contact_points.get()
    point.unreachable_at = timezone.now()
    point.save()
    message = arrive(
        kind=MessageKind.BOUNCE, state=MessageState.ACTED, hold="", handled_at=timezone.now(), suggestion=[]
    )
    bounce = Bounce.objects.create(
        contact_point=point, message=message, permanent=True, status="5.1.1", bounced_at=timezone.now()
    )
    assert "Messages can go there again" in staff.get(page_of(message)).content.decode()

    for number in ("", "x", "9" * 30, str(bounce.pk + 1)):
        assert staff.post(page_of(message, "reachable"), {"bounce": number}).status_code == 404
    staff.post(page_of(message, "reachable"), {"bounce": bounce.pk})

    point.refresh_from_db()
    assert point.unreachable_at is None
    assert "Messages can go there again" not in staff.get(page_of(message)).content.decode()
    again = staff.post(page_of(message, "reachable"), {"bounce": bounce.pk}, follow=True)
    assert said(again) == ["It was already so."]


def test_queries_of_the_page_do_not_grow_with_what_it_led_to(staff, acted, kari, say):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(page_of(acted)).status_code == 200
        return len(captured)

    with_one = queries()
    for channel in (Channel.EMAIL, Channel.SMS, Channel.POST):
        acted.acts.create(
            event_id=say(kari, State.OPTED_OUT, scope=Scope(kind=Kind.MARKETING, channel=channel))
        )
    assert queries() == with_one


# Elsewhere


def test_the_start_page_says_what_waits(staff, arrive, sign_in):
    arrive(assigned_to=staff.user)
    arrive(due_at=timezone.now() - dt.timedelta(hours=1))
    arrive(state=MessageState.RECEIVED, hold="", days_ago=1)
    arrive(state=MessageState.RECEIVED, hold="", days_ago=0)
    arrive(state=MessageState.ACTED, hold="", handled_at=timezone.now(), due_at=timezone.now())

    answer = staff.get(reverse("admin:index"))
    inbox = answer.context["inbox"]

    assert (inbox.waiting, inbox.overdue, inbox.unassigned, inbox.unread) == (2, 1, 1, 1)
    assert f"{reverse(LIST)}?due=overdue" in answer.content.decode()
    assert sign_in("editors").get(reverse("admin:index")).context["inbox"] is None


def test_mails_that_could_not_be_sent_are_seen_at_once(staff, kari, sign_in):
    def mail(number, *outcomes, hours_ago=0.0, **columns) -> Mail:
        at = timezone.now() - dt.timedelta(hours=hours_ago)
        row = Mail.objects.create(
            kind=MailKind.ANSWER, recipient=kari, language="nb", message_id=f"<{number}@example.com>",
            created_at=at, **columns,
        )  # fmt: skip
        for attempt, (outcome, detail) in enumerate(outcomes, start=1):
            row.attempts.create(number=attempt, attempted_at=at, outcome=outcome, detail=detail)
        return row

    assert "could not be sent" not in staff.get(reverse("admin:index")).content.decode()
    lost = mail(1, ("put_off", "4.2.1"), ("given_up", "5.1.1"))
    late = mail(2, ("put_off", "4.2.1"), hours_ago=2)
    mail(3, ("sent", ""))
    mail(4, ("given_up", NOT_NEEDED))
    path = reverse("admin:preferences_mail_changelist")

    answer = staff.get(reverse("admin:index"))
    page = answer.content.decode()
    assert answer.context["unsent"].given_up == 1
    assert "Mails that could not be sent" in page
    assert "1 answer waits for more than an hour" in page
    for became, found in [("given_up", lost), ("unsent", late)]:
        assert f"{path}?became={became}" in page
        assert [row.pk for row in staff.get(path, {"became": became}).context["cl"].result_list] == [found.pk]
    assert "could not be sent" not in sign_in("editors").get(reverse("admin:index")).content.decode()


def test_what_was_written_before_a_merge_is_on_the_persons_screen(staff, acted, kari, anonymous):
    mail = Mail.objects.create(
        kind=MailKind.LINK, recipient=kari, language="nb", message_id="<m@example.com>", subject="Lenken din",
        created_at=timezone.now(),
    )  # fmt: skip
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="Same.", now=timezone.now())

    answer = staff.get(reverse("admin:preferences_recipient_change", args=[anonymous.pk]))

    assert list(answer.context["received"]) == [acted]
    assert [line["mail"] for line in answer.context["mails"]] == [mail]


def test_the_persons_screen_shows_mail_both_ways(staff, acted, kari, sign_in):
    mail = Mail.objects.create(
        kind=MailKind.LINK, recipient=kari, language="nb", message_id="<m@example.com>", subject="Lenken din",
        created_at=timezone.now(),
    )  # fmt: skip
    MailAttempt.objects.create(
        mail=mail, number=1, attempted_at=timezone.now(), outcome="put_off", detail="4.2.1"
    )
    Bounce.objects.create(
        contact_point=kari.contact_points.get(), message=acted, permanent=False, bounced_at=timezone.now()
    )
    screen = reverse("admin:preferences_recipient_change", args=[kari.pk])

    page = staff.get(screen).content.decode()
    for words in (page_of(acted), "Lenken din", "Not now; tried again later", "For now"):
        assert words in page

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(screen)
        return len(captured)

    with_one = queries()
    for number in range(3):
        Mail.objects.create(
            kind=MailKind.LINK, recipient=kari, language="nb", message_id=f"<{number}@example.com>",
            created_at=timezone.now(),
        )  # fmt: skip
    assert queries() == with_one


def test_mails_of_ours_are_listed_with_their_attempts(staff, kari, sign_in):
    mail = Mail.objects.create(
        kind=MailKind.LINK, recipient=kari, contact_point=kari.contact_points.get(), language="nb",
        message_id="<m@example.com>", subject="Lenken din", text="Her: …", created_at=timezone.now(),
    )  # fmt: skip
    MailAttempt.objects.create(
        mail=mail, number=1, attempted_at=timezone.now(), outcome="put_off", detail="4.2.1"
    )
    MailAttempt.objects.create(mail=mail, number=2, attempted_at=timezone.now(), outcome="sent")
    path = reverse("admin:preferences_mail_changelist")

    def found(**parameters) -> list[int]:
        return [row.pk for row in staff.get(path, parameters).context["cl"].result_list]

    assert found() == found(q=f"#{mail.pk}") == found(q="<m@example.com>") == found(kind="link") == [mail.pk]
    assert found(q="m@example.com") == found(kind="answer") == []
    assert "Handed over" in staff.get(path).content.decode()
    page = staff.get(reverse("admin:preferences_mail_change", args=[mail.pk])).content.decode()
    for words in ("Her: …", "4.2.1", "k•••@e•••.com"):
        assert words in page
    assert "kari@example.com" not in page
