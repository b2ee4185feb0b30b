"""Who may do what. The groups come with the migrations; nothing sets them up at run time."""

import uuid

import pytest
from django.contrib.auth.models import Group
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from preferences.enums import State, SuppressionReason
from preferences.imports.suppress import suppress_domain
from preferences.models import (
    AnswerTemplate,
    CookieConsent,
    Mail,
    MarketingRule,
    Message,
    PublishedRules,
    Site,
)

GROUPS = ("support", "editors", "auditors", "superuser", "")

# For each page: which of GROUPS may open it.
PAGES = [
    ("index", [], "support editors auditors superuser -"),
    ("preferences_recipient_changelist", [], "support auditors superuser"),
    ("preferences_recipient_add", [], "support superuser"),
    ("preferences_recipient_change", ["kari"], "support auditors superuser"),
    ("preferences_recipient_on_behalf", ["kari"], "support superuser"),
    ("preferences_recipient_undo", ["kari", "event"], "support superuser"),
    ("preferences_recipient_facts", ["kari"], "support superuser"),
    ("preferences_recipient_erase", ["kari"], "superuser"),
    ("preferences_suppression_changelist", [], "support auditors superuser"),
    ("preferences_suppression_add", [], "support superuser"),
    ("preferences_suppression_change", ["suppression"], "support auditors superuser"),
    ("preferences_message_changelist", [], "support auditors superuser"),
    ("preferences_message_change", ["message"], "support auditors superuser"),
    ("preferences_message_raw", ["message"], "support superuser"),
    ("preferences_mail_changelist", [], "support auditors superuser"),
    ("preferences_mail_change", ["mail"], "support auditors superuser"),
    ("preferences_answertemplate_changelist", [], "support editors auditors superuser"),
    ("preferences_answertemplate_add", [], "editors superuser"),
    ("preferences_answertemplate_change", ["template"], "support editors auditors superuser"),
    ("preferences_answertemplate_history", ["template"], "support editors auditors superuser"),
    ("preferences_answertemplate_delete", ["template"], ""),
    ("preferences_event_changelist", [], "support auditors superuser"),
    ("preferences_event_export", [], "auditors superuser"),
    ("preferences_wording_changelist", [], "support editors auditors superuser"),
    ("preferences_site_changelist", [], "support editors auditors superuser"),
    ("preferences_site_add", [], "editors superuser"),
    ("preferences_site_change", ["site"], "support editors auditors superuser"),
    ("preferences_site_history", ["site"], "support editors auditors superuser"),
    ("preferences_site_preview", ["site"], "support editors auditors superuser"),
    ("preferences_site_delete", ["site"], ""),
    ("preferences_banner_changelist", [], "support editors auditors superuser"),
    ("preferences_banner_change", ["banner"], "support editors auditors superuser"),
    ("preferences_cookieconsent_changelist", [], "support auditors superuser"),
    ("preferences_cookieconsent_change", ["consent"], "support auditors superuser"),
    ("preferences_cookieconsent_export", [], "auditors superuser"),
    ("preferences_brand_changelist", [], "support editors auditors superuser"),
    ("preferences_brand_add", [], "editors superuser"),
    ("preferences_topic_changelist", [], "support editors auditors superuser"),
    ("preferences_topic_add", [], "editors superuser"),
    ("preferences_topic_change", ["news"], "support editors auditors superuser"),
    ("preferences_topic_history", ["news"], "support editors auditors superuser"),
    ("preferences_topic_delete", ["news"], ""),
    ("preferences_brand_delete", ["acme"], ""),
    ("preferences_profilingpurpose_add", [], "editors superuser"),
    ("preferences_profilingpurpose_delete", ["activity"], ""),
    ("preferences_wordingtemplate_changelist", [], "editors auditors superuser"),
    ("preferences_wordingtemplate_add", [], ""),
    ("preferences_marketingrule_changelist", [], "support editors auditors superuser"),
    ("preferences_marketingrule_add", [], "editors superuser"),
    ("preferences_marketingrule_change", ["rule"], "support editors auditors superuser"),
    ("preferences_marketingrule_history", ["rule"], "support editors auditors superuser"),
    ("preferences_marketingrule_delete", ["rule"], ""),
    ("preferences_marketingrule_delete", ["own_rule"], "editors superuser"),
    ("preferences_marketingrule_try", [], "support editors auditors superuser"),
    ("preferences_profilingrule_changelist", [], "support editors auditors superuser"),
    ("preferences_profilingrule_add", [], "editors superuser"),
    ("preferences_publishedrules_changelist", [], "support editors auditors superuser"),
    ("preferences_publishedrules_difference", ["published"], "support editors auditors superuser"),
    ("accounts_user_changelist", [], "superuser"),
    ("django_tasks_database_dbtaskresult_changelist", [], "superuser"),
]


@pytest.fixture
def rows(kari, news, acme, activity, shop, say):
    return {
        "site": shop.pk,
        "banner": shop.banners.get().pk,
        "consent": consent_of(shop).consent,
        "kari": kari.pk,
        "news": news.pk,
        "acme": acme.pk,
        "activity": activity.pk,
        "event": say(kari, State.OPTED_OUT),
        "rule": MarketingRule.objects.get(country="NO", channel="email", relationship="*").pk,
        "own_rule": MarketingRule.objects.create(
            country="NO", channel="social", relationship="*", requirement="opt_in", law="ours"
        ).pk,
        "published": PublishedRules.objects.latest("pk").pk,
        "message": Message.objects.create(
            key="m",
            received_at=timezone.now(),
            intake="pipe",
            size=1,
            raw=b"x",
            state="waiting",
            hold="not_sure",
        ).pk,
        "mail": Mail.objects.create(
            kind="link", language="en", message_id="<m@example.com>", created_at=timezone.now()
        ).pk,
        "template": AnswerTemplate.objects.get(key="stopped").pk,
        "suppression": suppress_domain(
            domain="example.org", reason=SuppressionReason.OTHER, note="", by=None, now=timezone.now()
        ).suppression,
    }


def consent_of(site: Site) -> CookieConsent:
    """Somebody refused all in the banner of the site."""
    return CookieConsent.objects.create(
        consent=uuid.uuid4(),
        sequence=1,
        site=site,
        banner=site.banners.get(),
        version=1,
        language="en",
        wordings=[],
        action="refuse_all",
        categories=["necessary"],
        gpc=False,
        recorded_at=timezone.now(),
    )


@pytest.mark.parametrize(("page", "arguments", "allowed"), PAGES, ids=[page for page, *_ in PAGES])
def test_who_may_open_which_page(page, arguments, allowed, rows, sign_in):
    path = reverse(f"admin:{page}", args=[rows[name] for name in arguments])

    opened = {group or "-" for group in GROUPS if sign_in(group).get(path).status_code == 200}

    assert opened == set(allowed.split())


def test_the_groups_are_there_after_the_migrations(db):
    groups = dict.fromkeys(["support", "editors", "auditors"])
    for name in groups:
        permissions = Group.objects.get(name=name).permissions.values_list("codename", flat=True)
        groups[name] = {codename for codename in permissions if not codename.startswith("view_")}

    assert groups == {
        "support": {
            *("act_on_behalf", "add_recipient", "change_recipient", "change_contactpoint", "add_sale"),
            *("add_suppression", "change_suppression", "handle_message"),
        },
        "editors": {
            *(
                f"{act}_{name}"
                for act in ("add", "change")
                for name in ("brand", "topic", "profilingpurpose", "site")
            ),
            *(
                f"{act}_{name}"
                for act in ("add", "change", "delete")
                for name in ("marketingrule", "profilingrule", "sitecategory", "sitecookie")
            ),
            *("change_wordingtemplate", "add_answertemplate", "change_answertemplate"),
        },
        "auditors": {"export_event", "export_cookieconsent"},
    }


@pytest.mark.parametrize(
    "model", ["event", "choice", "merge", "wording", "bounce", "messageact", "messagecopy", "mailattempt"]
)
@pytest.mark.parametrize("page", ["add", "change", "delete", "history"])
def test_the_history_has_no_page_to_edit_it(model, page):
    for arguments in ([], [1]):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:preferences_{model}_{page}", args=arguments)


@pytest.mark.parametrize("model", ["banner", "cookieconsent"])
@pytest.mark.parametrize("page", ["add", "delete", "history"])
def test_what_was_published_and_said_in_banners_has_none_either(model, page):
    for arguments in ([], [1]):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:preferences_{model}_{page}", args=arguments)


def test_even_a_superuser_cannot_edit_or_delete_events(kari, say, sign_in):
    event = say(kari, State.OPTED_OUT)
    client = sign_in("superuser")
    events = reverse("admin:preferences_event_changelist")

    for path in ("add/", f"{event}/", f"{event}/change/", f"{event}/delete/", f"{event}/history/"):
        for method in (client.get, client.post):
            assert method(f"{events}{path}").status_code == 404, path
    answer = client.post(events, {"action": "delete_selected", "_selected_action": event}, follow=True)

    assert answer.status_code in {200, 403}
    assert kari.events.count() == 1
    assert b"delete_selected" not in client.get(events).content


def test_the_menu_offers_only_what_opens(rows, sign_in):
    for group in GROUPS:
        client = sign_in(group)
        menu = client.get(reverse("admin:index")).context["sidebar_navigation"]
        for link in [item["link"] for part in menu for item in part["items"]]:
            assert client.get(link).status_code == 200, (group, link)


def test_pages_of_the_admin_run_nothing_inline(rows, sign_in):
    policy = sign_in("superuser").get(reverse("admin:index")).headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "style-src 'self';" in policy
    assert (
        "unsafe-eval"
        not in sign_in("superuser").get(reverse("account_email")).headers["Content-Security-Policy"]
    )
