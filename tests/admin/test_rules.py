"""Staff edit national law: in force at once, every edit kept, nothing that would leave somebody without an answer."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from preferences.decisions.rules_in_force import current_rules
from preferences.enums import Channel, Requirement
from preferences.imports.rules import publish_rules, rules_in_tables
from preferences.models import MarketingRule, ProfilingPurpose, ProfilingRule, PublishedRules
from tests.factories import ProfilingPurposeFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:preferences_marketingrule_changelist")
ADD = reverse("admin:preferences_marketingrule_add")


@pytest.fixture
def editor(sign_in):
    return sign_in("editors")


def rule(key: str) -> MarketingRule:
    country, channel, relationship = key.split("/")
    return MarketingRule.objects.get(country=country, channel=channel, relationship=relationship)


def page(name: str, row) -> str:
    return reverse(f"admin:preferences_{row._meta.model_name}_{name}", args=[row.pk])


def form(row=None, **fields) -> dict[str, str]:
    """What the form holds: the row as it is, or a new one."""
    new = {"requirement": "opt_in", "law": "Law § 1", "note": "", "confidence": "low"}
    return {**(row.values if row else new), **fields}


def messages(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def errors(answer) -> str:
    assert answer.status_code == 200
    return " ".join(str(error) for error in answer.context["errors"])


def test_an_edit_is_in_force_at_once_and_kept(editor, django_capture_on_commit_callbacks):
    edited = rule("NO/email/*")
    before = current_rules()

    answer = editor.post(
        page("change", edited), form(edited, requirement="double_opt_in", confidence="low"), follow=True
    )

    after = current_rules()
    assert after.version not in {before.version, ""}
    assert messages(answer)[0] == f"In force from now on: version {after.version[:12]} of the rules."
    assert after.marketing_rule(country="NO", channel=Channel.EMAIL, relationship=None).requirement == (
        Requirement.DOUBLE_OPT_IN
    )
    newest = edited.history.latest("history_date")
    assert (newest.requirement, newest.history_user) == ("double_opt_in", editor.user)
    assert rule("NO/email/*").shipped["requirement"] == "opt_in", "what the file says is still known"
    assert after.version == rules_in_tables().version


def test_saving_without_a_change_publishes_nothing(editor):
    edited = rule("NO/email/*")
    sets = PublishedRules.objects.count()

    answer = editor.post(page("change", edited), form(edited), follow=True)

    version = current_rules().version[:12]
    assert messages(answer)[0] == f"The rules in force are the same as before: version {version}."
    assert PublishedRules.objects.count() == sets


def test_where_a_rule_holds_stays_as_it_was_made(editor):
    edited = rule("NO/email/*")
    editor.post(page("change", edited), form(edited, country="SE", channel="sms", law="ours"))
    edited.refresh_from_db()
    assert (str(edited), edited.law) == ("NO/email/*", "ours")


def test_a_more_specific_rule_is_added_and_taken_away(editor):
    answer = editor.post(
        ADD,
        {"country": "NO", "channel": "social", "relationship": "business_customer", **form(law="ours")},
    )
    assert answer.status_code == 302, answer.context["errors"]
    added = rule("NO/social/business_customer")
    assert added.shipped is None
    assert "NO/social/business_customer" in {found.id for found in current_rules().marketing.values()}

    answer = editor.post(page("delete", added), {"post": "yes"}, follow=True)

    version = current_rules().version[:12]
    assert f"In force from now on: version {version} of the rules." in messages(answer)
    assert "NO/social/business_customer" not in {found.id for found in current_rules().marketing.values()}
    assert added.history.model.objects.filter(id=added.id).latest("history_date").history_type == "-"


def test_a_shipped_rule_is_not_deleted(editor, sign_in):
    for client in (editor, sign_in("superuser")):
        assert client.post(page("delete", rule("NO/email/*")), {"post": "yes"}).status_code == 403
    assert b"delete_selected" not in editor.get(LIST).content
    assert rule("NO/email/*")


def test_a_country_gets_its_general_rule_first_and_loses_it_last(editor):
    japan = {"country": "JP", "channel": "*", "relationship": "*"}
    facts = "min_age=16; dnc=none"

    early = editor.post(ADD, {**japan, "channel": "email", **form()})
    assert "First add the rule for any channel and any relationship" in errors(early)
    assert editor.post(ADD, {**japan, **form(note=facts)}).status_code == 302
    assert editor.post(ADD, {**japan, "channel": "email", **form()}).status_code == 302

    assert editor.post(page("delete", rule("JP/*/*")), {"post": "yes"}).status_code == 403
    assert editor.post(page("delete", rule("JP/email/*")), {"post": "yes"}).status_code == 302
    assert editor.post(page("delete", rule("JP/*/*")), {"post": "yes"}).status_code == 302
    assert not MarketingRule.objects.filter(country="JP").exists()


BAD = {
    "a country in small letters": ({"country": "no"}, "no is no country: two capital letters"),
    "no country": ({"country": "XX"}, "XX is no country"),
    "a rule there is": ({"country": "NO", "channel": "email"}, "There is a rule for this combination"),
    "an unknown channel": ({"channel": "fax"}, "Select a valid choice"),
    "no law": ({"law": ""}, "This field is required"),
    "laxer than the rules beside it": (
        {"country": "SE", "channel": "in_product", "requirement": "opt_out"},
        "Compare with SE/in_product/consumer_customer",
    ),
    "stricter than the general one": (
        {"country": "NO", "channel": "phone", "relationship": "consumer_prospect"},
        "Compare with NO/phone/*",
    ),
}


@pytest.mark.parametrize(("fields", "complaint"), BAD.values(), ids=BAD.keys())
def test_a_rule_that_cannot_be_is_refused(fields, complaint, editor):
    before = current_rules().version
    count = MarketingRule.objects.count()

    answer = editor.post(ADD, {"country": "NO", "channel": "web", "relationship": "*", **form(), **fields})

    assert complaint in errors(answer)
    assert MarketingRule.objects.count() == count
    assert current_rules().version == before


def test_the_facts_of_a_country_stay_readable(editor):
    edited = rule("NO/*/*")
    answer = editor.post(page("change", edited), form(edited, note="min_age=fifteen; dnc=none"))
    assert "The note lacks min_age=NUMBER (or none)." in errors(answer)
    assert editor.post(page("change", rule("*/*/*")), form(rule("*/*/*"), note="ours")).status_code == 302


def test_the_general_rule_and_those_beside_it_are_compared_on_a_change_too(editor):
    general = rule("NO/phone/*")
    laxer = editor.post(page("change", rule("NO/email/*")), form(rule("NO/email/*"), requirement="opt_out"))
    assert "Compare with NO/email/" in errors(laxer)
    assert editor.post(page("change", general), form(general, requirement="opt_in")).status_code == 302


def listed(editor, **query) -> list[str]:
    answer = editor.get(LIST, query)
    assert answer.status_code == 200
    return [str(row) for row in answer.context["cl"].result_list]


def test_the_list_is_narrowed_down(editor):
    edited = rule("NO/email/*")
    editor.post(page("change", edited), form(edited, law="A law of ours"))
    editor.post(ADD, {"country": "NO", "channel": "social", "relationship": "*", **form()})

    assert listed(editor, origin="edited") == ["NO/email/*"]
    assert listed(editor, origin="added") == ["NO/social/*"]
    assert editor.get(LIST, {"origin": "shipped"}).context["cl"].result_count == 644
    assert listed(editor, q="a law of ours") == ["NO/email/*"]
    assert {key.split("/")[0] for key in listed(editor, country="SE")} == {"SE"}
    assert set(listed(editor, country="NO", channel__exact="phone")) == {"NO/phone/*"}
    assert listed(
        editor, country="NO", relationship__exact="consumer_customer", requirement__exact="opt_out"
    ) == ["NO/web/consumer_customer"]
    assert len(listed(editor, country="NO", confidence__exact="low")) == 3
    assert listed(editor, country="Norway", origin="unknown") == listed(editor)


def test_the_list_costs_the_same_for_few_and_for_many(editor, django_assert_max_num_queries):
    editor.get(LIST)
    with django_assert_max_num_queries(9):
        listed(editor, country="NO")
    with django_assert_max_num_queries(9):
        listed(editor)


def test_the_page_of_a_rule_says_what_the_file_says(editor):
    edited = rule("NO/email/*")
    assert "This is what the file says." in editor.get(page("change", edited)).content.decode()

    editor.post(page("change", edited), form(edited, requirement="double_opt_in"))

    text = editor.get(page("change", edited)).content.decode()
    assert "The file says something else:" in text
    assert text.split("The file says something else:")[1].split("</dl>")[0].count("<dt>") == 1
    assert "Edited by staff" in editor.get(LIST, {"origin": "edited"}).content.decode()


def test_the_history_names_who_changed_what(editor):
    edited = rule("NO/email/*")
    editor.post(page("change", edited), form(edited, law="A law of ours"))

    text = editor.get(page("history", edited)).content.decode()

    assert "A law of ours" in text
    assert editor.user.email in text


def test_whoever_may_only_look_changes_nothing(sign_in):
    edited = rule("NO/email/*")
    for group in ("support", "auditors"):
        client = sign_in(group)
        assert client.get(page("change", edited)).status_code == 200
        assert client.post(page("change", edited), form(edited, law="ours")).status_code == 403
        assert client.get(ADD).status_code == 403
    edited.refresh_from_db()
    assert edited.law != "ours"


@pytest.mark.parametrize(
    ("country", "channel", "relationship", "said"),
    [
        ("NO", "email", "business_customer", ["NO/email/business_customer", "A sale with the chance", "15"]),
        ("NO", "email", "", ["NO/email/*", "Consent"]),
        ("", "email", "business_customer", ["*/email/*", "Confirmed consent", "18"]),
        ("JP", "sms", "consumer_customer", ["*/*/*", "Consent"]),
    ],
)
def test_which_rule_holds(country, channel, relationship, said, editor):
    path = reverse("admin:preferences_marketingrule_try")
    assert 'role="status"' not in editor.get(path).content.decode()

    answer = editor.get(path, {"country": country, "channel": channel, "relationship": relationship})

    text = answer.content.decode().split('role="status"')[1]
    assert [words for words in (*said, current_rules().version) if words not in text] == []


@pytest.mark.parametrize("query", [{"channel": "fax"}, {"channel": "email", "country": "no"}])
def test_what_cannot_be_looked_up_says_so(query, editor):
    answer = editor.get(reverse("admin:preferences_marketingrule_try"), query)
    assert answer.status_code == 400
    assert "Select a valid choice" in answer.content.decode()


def test_a_profiling_rule(editor):
    ProfilingPurposeFactory(key="tracking", use="email_tracking", requirement="opt_out")
    add = reverse("admin:preferences_profilingrule_add")

    world = editor.post(add, {"country": "*", "use": "email_tracking", **form()})
    answer = editor.post(add, {"country": "ES", "use": "email_tracking", **form()}, follow=True)

    assert "name one country" in errors(world)
    version = current_rules().version[:12]
    assert f"In force from now on: version {version} of the rules." in messages(answer)
    assert current_rules().profiling_rule(purpose="tracking", country="ES").requirement == Requirement.OPT_IN
    spain = ProfilingRule.objects.get(country="ES")
    assert editor.post(page("delete", spain), {"post": "yes"}).status_code == 302
    assert current_rules().profiling_rule(purpose="tracking", country="ES").requirement == Requirement.OPT_OUT
    france = ProfilingRule.objects.get(country="FR")
    assert editor.post(page("delete", france), {"post": "yes"}).status_code == 403


PURPOSE = {
    "name_0": "Opens",
    "name_1": "Åpninger",
    "description_0": "Counts.",
    "description_1": "Teller.",
    "data_used_0": "Opens.",
    "data_used_1": "Åpninger.",
    "position": 1,
    "requirement": "opt_out",
}


def test_a_profiling_purpose_is_in_force_as_soon_as_it_is_saved(editor):
    add = reverse("admin:preferences_profilingpurpose_add")
    answer = editor.post(add, {"key": "opens", "use": "email_tracking", **PURPOSE})
    assert answer.status_code == 302, answer.context["errors"]
    found = current_rules().profiling_rule
    assert found(purpose="opens", country="NO").requirement == Requirement.OPT_OUT
    assert found(purpose="opens", country="FR").id == "opens/FR"

    purpose = ProfilingPurpose.objects.get(key="opens")
    change = reverse("admin:preferences_profilingpurpose_change", args=[purpose.pk])
    editor.post(change, {"use": "email_tracking", **PURPOSE, "requirement": "opt_in"})
    found = current_rules().profiling_rule
    assert found(purpose="opens", country="NO").requirement == Requirement.OPT_IN

    editor.post(change, {"use": "other", **PURPOSE})
    found = current_rules().profiling_rule
    assert found(purpose="opens", country="FR").id == "opens/*"


def test_there_is_one_purpose_for_e_mail_tracking(editor):
    first = ProfilingPurposeFactory(use="email_tracking")
    add = reverse("admin:preferences_profilingpurpose_add")
    second = {"key": "second", "use": "email_tracking", **PURPOSE}

    assert "There is a purpose for e-mail tracking already." in errors(editor.post(add, second))
    assert editor.post(add, {**second, "retired": "on"}).status_code == 302
    first.retired_at = timezone.now()
    first.save()
    change = reverse(
        "admin:preferences_profilingpurpose_change", args=[ProfilingPurpose.objects.get(key="second").pk]
    )
    assert editor.post(change, second).status_code == 302


def test_the_sets_that_have_been_in_force(editor):
    first = PublishedRules.objects.latest("pk")
    edited = rule("NO/email/*")
    editor.post(page("change", edited), form(edited, requirement="double_opt_in"))
    editor.post(ADD, {"country": "NO", "channel": "social", "relationship": "*", **form(law="ours")})
    middle, last = PublishedRules.objects.order_by("pk")[PublishedRules.objects.count() - 2 :]
    show = "admin:preferences_publishedrules_difference"

    text = editor.get(reverse("admin:preferences_publishedrules_changelist")).content.decode()
    assert [text.count(f">{published}<") for published in (first, middle, last)] == [1, 1, 1]

    text = editor.get(reverse(show, args=[middle.pk])).content.decode()
    (table,) = [part.split("</table>")[0] for part in text.split("<tbody>")[1:]]
    assert table.count("<tr>") == 1
    assert all(words in table for words in ("NO/email/*", "Consent", "Confirmed consent"))

    table = editor.get(reverse(show, args=[last.pk])).content.decode().split("<tbody>")[1]
    assert all(words in table for words in ("NO/social/*", "added", "ours"))
    text = editor.get(reverse(show, args=[PublishedRules.objects.order_by("pk").first().pk])).content.decode()
    assert "This was the first set." in text
    assert editor.get(reverse(show, args=[last.pk + 1])).status_code == 404


def test_a_set_that_was_in_force_has_no_page_to_edit_it(sign_in):
    published = publish_rules(now=dt.datetime(2026, 5, 3, tzinfo=dt.UTC))
    client = sign_in("superuser")
    sets = reverse("admin:preferences_publishedrules_changelist")
    for path in ("add/", f"{published.pk}/change/", f"{published.pk}/delete/", f"{published.pk}/history/"):
        assert client.get(f"{sets}{path}").status_code == 404
        assert client.post(f"{sets}{path}").status_code == 404
