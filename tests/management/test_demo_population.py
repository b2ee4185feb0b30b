import pytest
from django.db import connection, transaction

from preferences.decisions.rules_in_force import current_rules
from preferences.ledger import rebuild
from preferences.models import Choice, ContactPoint, Event, Recipient, Sale, Topic
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

PEOPLE = 200


def everything():
    """All that was made, named without the keys and moments that differ from run to run."""
    return {
        "people": list(
            Recipient.objects.order_by("external_id").values_list(
                "external_id", "language", "country", "relationship"
            )
        ),
        "points": list(
            ContactPoint.objects.order_by("kind", "normalized").values_list(
                *("kind", "value", "normalized", "address_hash"), "recipient__external_id", "on_register"
            )
        ),
        "sales": list(
            Sale.objects.order_by("recipient__external_id").values_list(
                *("recipient__external_id", "brand__key"), "refusal_offered"
            )
        ),
        "events": list(
            Event.objects.order_by("pk").values_list(
                *("recipient__external_id", "kind", "brand__key", "purpose__key", "channel", "state"),
                "confirmed",
            )
        ),
    }


def test_is_made_as_asked_and_as_the_ledger_would_have_left_it(run):
    ended = run("demo_population", "--recipients", str(PEOPLE))

    assert (ended.status, ended.out, ended.err) == (0, f"recipients\t{PEOPLE}\n", "")
    assert Recipient.objects.count() == PEOPLE
    assert ContactPoint.objects.filter(kind="email").count() == PEOPLE
    assert 2.5 * PEOPLE < Event.objects.count() == Choice.objects.count() < 3.5 * PEOPLE
    assert rebuild(check=True) == []
    assert run("rebuild_choices", "--check").status == 0


def test_its_contact_points_are_as_any_other(run):
    """A new one by way of the model has the same spelling and the same hash."""
    run("demo_population", "--recipients", "20")

    for point in ContactPoint.objects.all():
        made = ContactPoint.objects.make(
            recipient=point.recipient_id, kind=point.kind, value=point.value, now=point.created_at
        )
        assert (made.normalized, bytes(made.address_hash)) == (point.normalized, bytes(point.address_hash))


def test_brings_a_catalogue_and_the_rules_where_there_is_none(run):
    run("demo_population", "--recipients", "1")

    assert Topic.objects.count() > 5
    assert current_rules().countries


def test_keeps_the_catalogue_that_is_there(run, news):
    run("demo_population", "--recipients", "5")

    assert list(Topic.objects.all()) == [news]


def test_the_same_seed_makes_the_same_people(run):
    made = []
    for _ in range(2):
        with transaction.atomic():
            run("demo_population", "--recipients", "60", "--seed", "3")
            made.append(everything())
            transaction.set_rollback(True)
    first, second = made

    assert len(first["people"]) == 60
    assert first == second


def test_another_seed_makes_others(run):
    run("demo_population", "--recipients", "20", "--seed", "1")
    ended = run("demo_population", "--recipients", "20", "--seed", "2", "--add")

    assert ended.status == 0
    assert Recipient.objects.count() == 40
    assert rebuild(check=True) == []


def test_the_tables_keep_what_guards_them(run):
    """The foreign keys that were away while it was written are back."""

    def guards():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
                " FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2"
            )
            return cursor.fetchall()

    before = guards()
    run("demo_population", "--recipients", "5")
    assert guards() == before


CASES = {
    "no number": ([], "--recipients"),
    "not a number": (["--recipients", "many"], "many"),
    "nobody": (["--recipients", "0"], "--recipients"),
    "fewer than nobody": (["--recipients", "-1"], "--recipients"),
    "too many": (["--recipients", "100000001"], "--recipients"),
    "a seed below": (["--recipients", "5", "--seed", "-1"], "--seed"),
    "a seed above": (["--recipients", "5", "--seed", "1000"], "--seed"),
    "where there are people": (["--recipients", "5"], "--add"),
}


@pytest.mark.parametrize(("words", "says"), CASES.values(), ids=CASES.keys())
def test_bad_input_ends_with_one_line_and_nobody_more(run, words, says):
    RecipientFactory()

    ended = run("demo_population", *words)

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert says in ended.err
    assert (Recipient.objects.count(), Topic.objects.count()) == (1, 0)


def test_the_same_seed_twice_is_refused(run):
    run("demo_population", "--recipients", "5")
    ended = run("demo_population", "--recipients", "5", "--add")

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "--seed" in ended.err
    assert Recipient.objects.count() == 5
