"""Staff: the ledger to read, changes on a person's behalf, the catalogue to edit. Imported by Django's admin."""

from preferences.admin import (
    answer_templates,
    api_clients,
    background_tasks,
    banners,
    catalogue,
    cookie_consents,
    events,
    mails,
    messages,
    published_rules,
    recipients,
    rules,
    sites,
    suppressions,
    wordings,
)

__all__ = [
    "answer_templates",
    "api_clients",
    "background_tasks",
    "banners",
    "catalogue",
    "cookie_consents",
    "events",
    "mails",
    "messages",
    "published_rules",
    "recipients",
    "rules",
    "sites",
    "suppressions",
    "wordings",
]
