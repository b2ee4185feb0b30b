"""How templates write names."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def breakable(name: str) -> SafeString:
    """A name that may go on in a new line before each of its dots: www.example.com."""
    return format_html_join(mark_safe("<wbr>."), "{}", ([part] for part in name.split(".")))
