import datetime as dt

from preferences import ledger
from preferences.enums import Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Choice
from preferences.scope import Scope

NOW = dt.datetime(2026, 5, 3, 14, tzinfo=dt.UTC)


def _stop_all(recipient):
    (result,) = ledger.record(
        recipient=recipient.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.LINK),
        now=NOW,
    ).results
    return result.event


def test_nothing_to_mend(run, kari):
    _stop_all(kari)

    for words in (["rebuild_choices"], ["rebuild_choices", "--check"]):
        ended = run(*words)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out == "Every choice follows from the history.\n"


def test_check_reports_and_writes_nothing(run, kari):
    event = _stop_all(kari)
    Choice.objects.all().delete()

    ended = run("rebuild_choices", "--check")

    assert ended.status == 1
    assert ended.out == f"recipient {kari.pk}\tfound event -\texpected event {event}\n"
    assert ended.err == "CommandError: Differing from the history: 1. Run without --check to mend.\n"
    assert not Choice.objects.exists()


def test_rebuild_mends(run, kari, anonymous):
    event = _stop_all(kari)
    other = _stop_all(anonymous)
    Choice.objects.filter(event=event).update(state=State.OPTED_IN)

    ended = run("rebuild_choices")

    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"recipient {kari.pk}\tfound event {event}\texpected event {event}\nMended: 1.\n"
    assert set(Choice.objects.values_list("state", "event")) == {("opted_out", event), ("opted_out", other)}
    assert run("rebuild_choices", "--check").status == 0
