"""What the journeys have in common: reading mail, and going through allauth's pages as a person does."""

import re

from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD

LINK = re.compile(r"https?://[^\s/]+(/\S+)")
CODE = re.compile(r"^([A-Z0-9]{3,5}-?[A-Z0-9]{3,5})$", re.MULTILINE)


def link_in(message: mail.EmailMessage, *, to: str) -> str:
    """The path of the first link in a mail that contains `to`."""
    return next(path for path in LINK.findall(message.body) if to in path)


def without_token(html: str) -> str:
    """The page without the CSRF token, which differs each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]*"', r"\1", html)


def code_in(message: mail.EmailMessage) -> str:
    """The code that stands in a mail on a line of its own."""
    return CODE.search(message.body)[1]


def newest_mail(address: str) -> mail.EmailMessage:
    return next(message for message in reversed(mail.outbox) if message.to == [address])


def time_passes() -> None:
    """Let the pauses between mails to one address run out."""
    cache.clear()


def sign_up(client: Client, address: str) -> None:
    answer = client.post(reverse("account_signup"), {"email": address, "password1": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()


def verify(client: Client, address: str):
    """Type the code from the newest mail to the address into the browser that asked for it."""
    return client.post(
        reverse("account_email_verification_sent"), {"code": code_in(newest_mail(address))}, follow=True
    )


def sign_in(client: Client, address: str, *, password: str = PASSWORD, next_url: str = ""):
    return client.post(
        reverse("account_login"),
        {"login": address, "password": password, "next": next_url},
        follow=True,
    )


def sign_in_by_code(client: Client, address: str):
    """Have a code mailed to the address, and type it."""
    client.post(reverse("account_request_login_code"), {"email": address})
    code = code_in(newest_mail(address))
    return client.post(reverse("account_confirm_login_code"), {"code": code}, follow=True)


def set_password(client: Client, address: str, password: str) -> None:
    """Have a link mailed to the address, and type a new password on the page behind it."""
    client.post(reverse("account_reset_password"), {"email": address})
    page = client.get(link_in(newest_mail(address), to="password/reset"), follow=True)
    answer = client.post(page.redirect_chain[-1][0], {"password1": password, "password2": password})
    assert answer.status_code == 302, answer.content.decode()


def add_address(client: Client, address: str) -> None:
    answer = client.post(reverse("account_email"), {"action_add": "", "email": address})
    assert answer.status_code == 302, answer.content.decode()
