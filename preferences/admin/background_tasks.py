"""The background tasks, in the look of the rest."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult
from unfold.admin import ModelAdmin

if admin.site.is_registered(DBTaskResult):
    admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class BackgroundTaskAdmin(DBTaskResultAdmin, ModelAdmin):
    """What ran, what failed and why. Read-only, for those who look after the system."""

    actions = None

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("task_name", "status", "enqueued_at", "finished_at")
