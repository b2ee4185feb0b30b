"""The cast is who it says it is."""

from preferences.models import Choice, Event


def test_the_cast_is_on_stage_and_silent(kari, anonymous, support, admin, news, events, activity):
    assert kari.account.email == kari.contact_points.get().value == "kari@example.com"
    assert kari.account.emailaddress_set.get().verified
    assert anonymous.account is None
    assert [group.name for group in support.groups.all()] == ["support"]
    assert (support.is_superuser, admin.is_superuser) == (False, True)
    assert {news.brand, events.brand} == {news.brand}
    assert not Event.objects.exists()
    assert not Choice.objects.exists()
