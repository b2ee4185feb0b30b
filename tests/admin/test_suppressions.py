"""Addresses and domains that get no marketing: added, found and lifted by staff, never readable, never deleted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from preferences.decisions.decide import ask_about, decide
from preferences.enums import Channel, ContactKind, MessageClass, Reason, SuppressionReason
from preferences.identity import address_hash
from preferences.imports.suppress import NoteInvalid, lift, suppress_address, suppress_domain
from preferences.models import Sale, Suppression
from tests.at_once import at_once
from tests.factories import ContactPointFactory, RecipientFactory

pytestmark = pytest.mark.django_db

LIST = "admin:preferences_suppression_changelist"
ADD = "admin:preferences_suppression_add"
KARI = {"kind": "email", "value": " Kari@EXAMPLE.com ", "reason": "request", "note": "Case 4711"}


def page_of(suppression) -> str:
    return reverse("admin:preferences_suppression_change", args=[suppression.pk])


def suppressed(value="kari@example.com", kind=ContactKind.EMAIL, **fields) -> Suppression:
    done = suppress_address(
        kind=kind, value=value, **{"reason": SuppressionReason.OTHER, "note": "", "by": None, **fields},
        now=timezone.now(),
    )  # fmt: skip
    return Suppression.objects.get(pk=done.suppression)


def found(client, text) -> set[int]:
    answer = client.get(reverse(LIST), {"q": text})
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_an_address_is_suppressed_and_cannot_be_read_again(staff, kari, news):
    answer = staff.post(reverse(ADD), KARI)

    row = Suppression.objects.get()
    assert answer.headers["Location"] == page_of(row)
    assert bytes(row.address_hash) == address_hash(kind=ContactKind.EMAIL, normalized="kari@example.com")
    assert (row.kind, row.domain, row.reason, row.note, row.created_by) == (
        *("address", "", "request", "Case 4711"),
        staff.user,
    )
    for path in (reverse(LIST), page_of(row)):
        assert "kari@" not in staff.get(path).content.decode().lower()
    assert "kari@" not in str(list(Suppression.history.values())).lower()
    assert Suppression.history.get().history_user == staff.user


def test_it_is_in_force_at_once_for_the_address_alone(staff, kari, news):
    Sale.objects.create(
        recipient=kari,
        brand=news.brand,
        sold_on=timezone.now().date(),
        subject="Payroll",
        refusal_offered=True,
        recorded_at=timezone.now(),
    )
    ask = ask_about(key=news.key, channel=Channel.EMAIL)

    def reason() -> Reason:
        return decide(
            recipient=kari.pk, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now()
        ).reason

    assert reason() is Reason.LAW_ALLOWS_CUSTOMERS
    staff.post(reverse(ADD), KARI)
    assert reason() is Reason.SUPPRESSED
    ContactPointFactory(recipient=kari, value="kari@example.org")
    assert reason() is Reason.LAW_ALLOWS_CUSTOMERS

    staff.post(page_of(Suppression.objects.get()), {"reason": "Asked for it again."})
    assert reason() is Reason.LAW_ALLOWS_CUSTOMERS


@pytest.mark.parametrize("typed", ["Example.COM", "@example.com", " example.com "])
def test_a_domain_is_suppressed_with_all_its_addresses(staff, kari, anonymous, news, typed):
    elsewhere = RecipientFactory(email="kari@mail.example.com", country="US")
    answer = staff.post(reverse(ADD), {"kind": "domain", "value": typed, "reason": "competitor"})

    assert answer.status_code == 302
    assert Suppression.objects.get().domain == "example.com"
    ask = ask_about(key=news.key, channel=Channel.EMAIL)
    assert decide(
        recipient=elsewhere.pk, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now()
    ).allowed, "a subdomain is a domain of its own"


def test_twice_is_once(staff):
    staff.post(reverse(ADD), KARI)
    answer = staff.post(reverse(ADD), {**KARI, "value": "kari@example.com", "reason": "other"}, follow=True)

    assert "suppressed already" in answer.content.decode()
    assert Suppression.objects.get().reason == "request"


BAD = {
    "nothing": {"kind": "email", "reason": "request"},
    "no reason": {"kind": "email", "value": "kari@example.com"},
    "a reason that is not for staff": {**KARI, "reason": "erasure"},
    "no address": {**KARI, "value": "kari"},
    "an address as a domain": {**KARI, "kind": "domain"},
    "a domain as an address": {**KARI, "value": "example.com"},
    "an address as a number": {**KARI, "kind": "phone"},
    "no kind": {**KARI, "kind": "everything"},
    "a null byte": {**KARI, "value": "kari\x00@example.com"},
    "an address in the note": {**KARI, "note": "He is kari@example.com"},
    "a number in the note": {**KARI, "note": "Call 400 00 000"},
    "a note too long": {**KARI, "note": "x" * 301},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_bad_input_suppresses_nothing(staff, fields):
    answer = staff.post(reverse(ADD), fields)

    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not Suppression.objects.exists()


def test_lifting_needs_a_reason_and_stays_in_the_history(staff, sign_in):
    row = suppressed()
    assert staff.post(page_of(row), {"reason": ""}).status_code == 400
    assert staff.post(page_of(row), {"reason": "She wrote from kari@example.com"}).status_code == 400
    assert sign_in("auditors").post(page_of(row), {"reason": "Asked for it."}).status_code == 403
    row.refresh_from_db()
    assert row.lifted_at is None

    staff.post(page_of(row), {"reason": "Asked for it."})
    row.refresh_from_db()
    lifted_at = row.lifted_at
    assert lifted_at is not None
    assert row.lifted_by == staff.user
    latest = row.history.latest()
    assert (latest.history_user, latest.history_change_reason) == (staff.user, "Asked for it.")
    assert "Asked for it." in staff.get(page_of(row)).content.decode()

    assert "lifted already" in staff.post(page_of(row), {"reason": "Again."}, follow=True).content.decode()
    row.refresh_from_db()
    assert row.lifted_at == lifted_at
    assert row.history.count() == 2


def test_after_lifting_it_can_be_suppressed_anew(staff):
    row = suppressed()
    staff.post(page_of(row), {"reason": "Asked for it."})
    again = suppressed()

    assert again.pk != row.pk
    assert found(staff, "kari@example.com") == {row.pk, again.pk}


def test_search_is_by_the_whole_address_number_or_domain(staff):
    email = suppressed("kari@blåbær.no")
    phone = suppressed("+47 400 00 000", kind=ContactKind.PHONE)
    postal = suppressed("Storgata 1, 0155 Oslo", kind=ContactKind.POSTAL)
    domain = Suppression.objects.get(
        pk=suppress_domain(
            domain="blåbær.no", reason=SuppressionReason.OTHER, note="", by=None, now=timezone.now()
        ).suppression
    )

    assert found(staff, "KARI@xn--blbr-roah.no") == {email.pk, domain.pk}
    assert found(staff, "ola@blåbær.no") == {domain.pk}
    assert found(staff, "blåbær.no") == {domain.pk}
    assert found(staff, "0047 400-00-000") == {phone.pk}
    assert found(staff, "storgata 1,  0155 oslo") == {postal.pk}
    for text in ("kari", "blåbær", "400", "%", "a\x00b", "\ud800".encode("utf-8", "replace").decode()):
        assert found(staff, text) == set() or "\x00" in text
    assert found(staff, "") == {email.pk, phone.pk, postal.pk, domain.pk}


def test_filters(staff):
    row, other = suppressed(), suppressed("ola@example.com", reason=SuppressionReason.REQUEST)
    lift(suppression=other.pk, reason="Asked for it.", by=None, now=timezone.now())

    def listed(**parameters) -> set[int]:
        answer = staff.get(reverse(LIST), parameters)
        return {row.pk for row in answer.context["cl"].result_list}

    assert listed(standing="in_force") == {row.pk}
    assert listed(standing="lifted") == {other.pk}
    assert listed(reason="request") == {other.pk}
    assert listed(kind="domain") == set()
    assert listed(standing="x", reason="x", kind="x") == {row.pk, other.pk}


def test_the_link_on_a_persons_screen_fills_in_the_address(staff, kari, sign_in):
    point = kari.contact_points.get()
    path = f"{reverse(ADD)}?point={point.pk}"

    assert "kari@example.com" in staff.get(path).content.decode()
    for number in ("x", "9" * 30, "0", "-1"):
        assert staff.get(reverse(ADD), {"point": number}).status_code == 200
    assert sign_in("editors").get(path).status_code == 403


@pytest.mark.parametrize("page", ["delete", "history"])
def test_there_is_no_page_that_deletes(page):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:preferences_suppression_{page}", args=[1])


def test_the_number_of_queries_does_not_grow(staff):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(reverse(LIST)).status_code == 200
        return len(captured)

    suppressed("p0@example.com", by=staff.user.pk)
    with_one = queries()
    for number in range(1, 20):
        suppressed(f"p{number}@example.com", by=staff.user.pk)
    assert queries() == with_one


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("kari@example.com", "personal_data"),
        ("x" * 301, "not_a_line"),
        ("a\x00b", "not_a_line"),
        ("\ud800", "not_a_line"),
    ],
)
def test_a_note_that_cannot_be_kept(note, code):
    with pytest.raises(NoteInvalid) as caught:
        suppressed(note=note)
    assert caught.value.code == code


@pytest.mark.parametrize(("reason", "code"), [("", "missing"), ("x" * 101, "not_a_line"), (" ", "missing")])
def test_a_reason_that_cannot_be_kept(reason, code):
    row = suppressed()
    with pytest.raises(NoteInvalid) as caught:
        lift(suppression=row.pk, reason=reason, by=None, now=timezone.now())
    assert caught.value.code == code


@pytest.mark.django_db(transaction=True)
def test_suppressed_and_lifted_at_once():
    results = at_once(*[suppressed] * 6)
    assert len({row.pk for row in results}) == 1

    lifted = at_once(
        *[lambda: lift(suppression=results[0].pk, reason="Once.", by=None, now=timezone.now())] * 4
    )
    assert sorted(lifted) == [False, False, False, True]
