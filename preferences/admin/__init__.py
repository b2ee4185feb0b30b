"""Staff: the ledger to read, changes on a person's behalf, the catalogue to edit. Imported by Django's admin."""

from preferences.admin import background_tasks, catalogue, events, recipients, wordings

__all__ = ["background_tasks", "catalogue", "events", "recipients", "wordings"]
