"""Tables that staff read and nobody changes here."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ShowFacets
from django.http import HttpRequest
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator


class ReadOnlyAdmin(ModelAdmin):
    """A list and nothing else: no page to add, change or delete exists, whatever rights somebody has.

    Never counts its rows: there may be tens of millions.
    """

    actions = None
    list_display_links = None
    sortable_by: tuple[str, ...] = ()
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name), *self.own_urls()]

    def own_urls(self) -> list[URLPattern]:
        """Further pages, each read-only or a door to the ledger."""
        return []
