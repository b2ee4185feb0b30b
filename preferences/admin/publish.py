"""Whatever staff change is in force at once: the rules, and what a brand says in the banners of its sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences.cookies.publish import BannerInvalid, publish
from preferences.imports.rules import lock_rules, publish_rules
from preferences.models import Brand, Site


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


def publish_banners(request: HttpRequest, *, brand: Brand) -> None:
    """Publish the banners of a brand's sites, and name the sites where that changed something.

    Of sites that are in use and were published before. A site that cannot be published is named with the reason, and
    keeps the banner it has. In a transaction, after the brand was saved.
    """
    now = timezone.now()
    asked: dict[bool, list[str]] = {False: [], True: []}
    in_use = Site.objects.filter(brand=brand, retired_at=None)
    # In one order, as each is locked until the end.
    for site in in_use.order_by("pk"):
        before = site.banners.order_by("-pk").defer("content").first()
        if before is None:
            continue
        try:
            after = publish(site, now=now)
        except BannerInvalid as error:
            said = _("The banner of %(site)s could not be published. %(problem)s")
            messages.warning(request, said % {"site": site, "problem": error.message})
            continue
        if after.pk != before.pk:
            asked[after.version != before.version].append(site.name)
    if asked[False]:
        said = _("Published in the banner of %(sites)s; nobody is asked again.")
        messages.info(request, said % {"sites": ", ".join(asked[False])})
    if asked[True]:
        said = _("Published in the banner of %(sites)s: everybody is asked again.")
        messages.warning(request, said % {"sites": ", ".join(asked[True])})
