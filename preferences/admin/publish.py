"""Whatever staff change about the rules is in force at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences.imports.rules import lock_rules, publish_rules


@contextmanager
def publishing(request: HttpRequest) -> Iterator[None]:
    """Around a save or a delete that may change the rules: publishes them and names the version. In a transaction."""
    lock_rules()
    yield
    now = timezone.now()
    published = publish_rules(now=now)
    if published.in_force_from == now:
        said = _("In force from now on: version %(version)s of the rules.")
    else:
        said = _("The rules in force are the same as before: version %(version)s.")
    messages.info(request, said % {"version": published})
