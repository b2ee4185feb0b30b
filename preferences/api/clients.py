"""Make API clients, and withdraw them."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password
from django.db import transaction

from preferences.api.caller import ApiScope
from preferences.api.idempotency import KEPT
from preferences.models import ApiAnswer, ApiClient

_LONGEST_NAME = 100


class ClientNameInvalid(ValueError):
    """A client has a name of one line and at most 100 characters."""

    code = "client_name_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeClient:
    """A new client. The secret is known only here and now: a hash of it is all that is kept."""

    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows were thrown away."""

    answers: int
    tokens: int


def make_client(*, name: str, scopes: Iterable[ApiScope], brand: int | None, now: dt.datetime) -> MadeClient:
    """A new client that may do `scopes`, for one brand (primary key) or, with None, for the whole group.

    Raises ClientNameInvalid.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ClientNameInvalid(name)
    # Without the letters that have a meaning in a shell, an Authorization header or a form.
    secret = secrets.token_urlsafe(48)
    words = sorted(scope.value for scope in scopes)
    client = Client(name=name, type=Client.Type.CONFIDENTIAL, created_at=now, response_types="")
    client.grant_types = Client.GrantType.CLIENT_CREDENTIALS.value
    client.set_scopes(words)
    client.default_scopes = client.scopes
    client.set_secret(secret)
    with transaction.atomic():
        Client.objects.bulk_create([client])
        ApiClient.objects.create(client=client, brand_id=brand, created_at=now)
    return MadeClient(client_id=client.pk, client_secret=secret)


def revoke_client(*, client: int, by: int | None, now: dt.datetime) -> bool:
    """Let a client (primary key) in no more: its secret is void, and so are its tokens, within ten seconds everywhere.

    `by` is the primary key of a member of staff, None for a program. False where it was so already.
    """
    with transaction.atomic():
        revoked = ApiClient.objects.filter(pk=client, revoked_at=None).update(revoked_at=now, revoked_by=by)
        oauth = Client.objects.filter(api_client=client)
        oauth.update(secret=make_password(None))
        Token.objects.filter(client__in=oauth).delete()
    return bool(revoked)


def prune(*, now: dt.datetime) -> Pruned:
    """Throw away answers that are not given again any more, and tokens that have expired."""
    answers, _ = ApiAnswer.objects.filter(created_at__lte=now - KEPT).delete()
    tokens, _ = Token.objects.filter(expires_at__lte=now).delete()
    return Pruned(answers=answers, tokens=tokens)
