"""Which set of national rules holds: the one published last."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import Max

from preferences.models import PublishedRules
from preferences.rules.values import RuleSet

NONE_PUBLISHED = RuleSet.from_content({"marketing": [], "profiling": []})


def current_rules() -> RuleSet:
    """The rules in force now. One query; the content is read once by each process."""
    return rules_published(PublishedRules.objects.aggregate(newest=Max("pk"))["newest"])


def rules_published(number: int | None) -> RuleSet:
    """The set published under this id (primary key); where None was published, everything needs confirmed consent."""
    return NONE_PUBLISHED if number is None else _published(number)


# A published set never changes, so it is parsed once.
@lru_cache(maxsize=8)
def _published(number: int) -> RuleSet:
    return RuleSet.from_content(PublishedRules.objects.values_list("content", flat=True).get(pk=number))
