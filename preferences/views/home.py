"""The front page: where to go for whom."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Point people to their preferences: by account, or by a link sent to their mailbox."""
    return render(request, "preferences/home.html")
