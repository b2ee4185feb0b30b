"""What templates need to know about a brand's colour."""

from __future__ import annotations

from django import template

from preferences.colours import ink_on

register = template.Library()

register.filter("ink", ink_on)
