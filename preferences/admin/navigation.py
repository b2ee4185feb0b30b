"""What surrounds every page of the admin: menu, account links, label, our own style sheet and script."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, grouped, with what the person signed in may open and nothing else."""
    groups: list[tuple[str, list[tuple[str, str, str, str | None]]]] = [
        (
            "",
            [(_("Start"), "insights", "index", None)],
        ),
        (
            _("People"),
            [
                (
                    _("Recipients"),
                    "person_search",
                    "preferences_recipient_changelist",
                    "preferences.view_recipient",
                ),
                (
                    _("Add a recipient"),
                    "person_add",
                    "preferences_recipient_add",
                    "preferences.add_recipient",
                ),
                (
                    _("Suppressions"),
                    "block",
                    "preferences_suppression_changelist",
                    "preferences.view_suppression",
                ),
            ],
        ),
        (
            _("E-mail"),
            [
                (_("Inbox"), "inbox", "preferences_message_changelist", "preferences.view_message"),
                (_("Mails of ours"), "outgoing_mail", "preferences_mail_changelist", "preferences.view_mail"),
                (
                    _("Answer templates"),
                    "quickreply",
                    "preferences_answertemplate_changelist",
                    "preferences.view_answertemplate",
                ),
            ],
        ),
        (
            _("History"),
            [
                (_("Events"), "history", "preferences_event_changelist", "preferences.view_event"),
                (
                    _("Wordings shown"),
                    "format_quote",
                    "preferences_wording_changelist",
                    "preferences.view_wording",
                ),
            ],
        ),
        (
            _("Cookies"),
            [
                (_("Sites"), "language", "preferences_site_changelist", "preferences.view_site"),
                (
                    _("Cookie consents"),
                    "cookie",
                    "preferences_cookieconsent_changelist",
                    "preferences.view_cookieconsent",
                ),
                (
                    _("Published banners"),
                    "web_asset",
                    "preferences_banner_changelist",
                    "preferences.view_banner",
                ),
            ],
        ),
        (
            _("Catalogue"),
            [
                (_("Brands"), "storefront", "preferences_brand_changelist", "preferences.view_brand"),
                (_("Topics"), "topic", "preferences_topic_changelist", "preferences.view_topic"),
                (
                    _("Profiling purposes"),
                    "fingerprint",
                    "preferences_profilingpurpose_changelist",
                    "preferences.view_profilingpurpose",
                ),
                (
                    _("Wording templates"),
                    "edit_note",
                    "preferences_wordingtemplate_changelist",
                    "preferences.view_wordingtemplate",
                ),
            ],
        ),
        (
            _("National law"),
            [
                (
                    _("Marketing rules"),
                    "gavel",
                    "preferences_marketingrule_changelist",
                    "preferences.view_marketingrule",
                ),
                (
                    _("Profiling rules"),
                    "policy",
                    "preferences_profilingrule_changelist",
                    "preferences.view_profilingrule",
                ),
                (
                    _("Published rules"),
                    "verified",
                    "preferences_publishedrules_changelist",
                    "preferences.view_publishedrules",
                ),
            ],
        ),
        (
            _("Staff"),
            [
                (_("Users"), "badge", "accounts_user_changelist", "accounts.view_user"),
                (_("Groups"), "group", "auth_group_changelist", "auth.view_group"),
                (_("API clients"), "key", "preferences_apiclient_changelist", "preferences.view_apiclient"),
                (
                    _("Background tasks"),
                    "pending_actions",
                    "django_tasks_database_dbtaskresult_changelist",
                    "django_tasks_database.view_dbtaskresult",
                ),
            ],
        ),
    ]
    return [
        {
            "title": title,
            "items": [
                {"title": name, "icon": icon, "link": link, "active": _is_active(request, link)}
                for name, icon, view, permission in items
                if (permission is None or request.user.has_perm(permission)) and (link := _path(view))
            ],
        }
        for title, items in groups
    ]


def _path(view: str) -> str:
    """The path of an admin view; empty where the app that brings it is not there."""
    try:
        return reverse(f"admin:{view}")
    except NoReverseMatch:
        return ""


def _is_active(request: HttpRequest, link: str) -> bool:
    if link in {reverse("admin:index"), _path("preferences_recipient_add")}:
        return request.path == link
    return request.path.startswith(link) and request.path != _path("preferences_recipient_add")


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages on which staff look after their own account; the admin has none of its own."""
    return [
        {"title": _("Password"), "link": reverse("account_change_password")},
        {"title": _("Second factor and passkeys"), "link": reverse("mfa_index")},
    ]


def environment(request: HttpRequest) -> list[str] | None:
    """The label in the corner that says where one is; none in production."""
    return [_("Demo"), "info"] if settings.DEMO else None


def style_sheet(request: HttpRequest) -> str:
    return static("preferences/admin/admin.css")


def script(request: HttpRequest) -> str:
    return static("preferences/admin/htmx.js")


def site_icon(request: HttpRequest) -> str:
    return static("preferences/icon.svg")
