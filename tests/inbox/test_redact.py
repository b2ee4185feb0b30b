"""No token that works is left in text that is kept."""

import pytest

from preferences.inbox.redact import redact

TOKEN = "WzEsMiwzLDE3NjQwMDAwMDBd." + "aB-_" * 10 + "xyz"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"> https://prefs.example.com/p/{TOKEN}/ <", "> https://prefs.example.com/p/…/ <"),
        (f"https://prefs.example.com/u/{TOKEN}/", "https://prefs.example.com/u/…/"),
        (f"(https://prefs.example.com/undo/{TOKEN})", "(https://prefs.example.com/undo/…)"),
        (f"/confirm/{TOKEN}?x=1", "/confirm/…?x=1"),
        (f"stop+{TOKEN}@prefs.example.com", "stop+…@prefs.example.com"),
        (f"unsubscribe {TOKEN}.", "unsubscribe …."),
        (f"?subject={TOKEN}&", "?subject=…&"),
        (f"/p/{TOKEN[:40]}\n> {TOKEN[40:]}", f"/p/…\n> {TOKEN[40:]}"),
        (f"/p/\n> {TOKEN}", "/p/\n> …"),
        ("https://shop.example.com/p/blue-shoes", "https://shop.example.com/p/blue-shoes"),
        (
            "Version 1.2 of www.example.com, kari@example.com",
            "Version 1.2 of www.example.com, kari@example.com",
        ),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    assert redact(text) == redacted
