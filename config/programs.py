"""What programs ask for is answered before the middleware that only a page needs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from preferences.api.problems import Problem
from preferences.api.v1 import answer_program, finished, is_for_programs
from preferences.cookies.answer import answer_cookies
from preferences.inbox.webhooks import answer_hook, is_hook
from preferences.views.database_gone import DATABASE_GONE, RETRY_AFTER
from preferences.views.one_click import answer_one_click
from preferences.views.tracking import answer_tracking, is_tracking

logger = logging.getLogger(__name__)


class ProgramsMiddleware:
    """Answers the API, e-mail services, one-click POSTs, tracking links and the cookie banner without session,
    language, account and messages.

    They come by the hundred thousand around a mailing or with every page of a site, and that middleware would be a
    third of their cost. Stands behind whatever every answer needs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_for_programs(request):
            return _api(request)
        if is_hook(request):
            return answer_hook(request)
        if is_tracking(request):
            return answer_tracking(request) or self._get_response(request)
        return answer_cookies(request) or answer_one_click(request) or self._get_response(request)


def _api(request: HttpRequest) -> HttpResponseBase:
    """The API's answer; where it cannot give one, the problem that programs expect instead of a page."""
    try:
        return answer_program(request)
    except DATABASE_GONE:
        logger.exception("The API could not reach the database")
        problem = Problem("try_again", headers={"Retry-After": str(RETRY_AFTER)})
    except Exception:
        logger.exception("The API failed")
        problem = Problem("failed")
    return finished(problem.answer())
