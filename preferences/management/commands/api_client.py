from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.api.caller import ApiScope
from preferences.api.clients import ClientNameInvalid, make_client, prune, revoke_client
from preferences.management.program import ProgramCommand, iso
from preferences.models import ApiClient, Brand


class Command(ProgramCommand):
    """Make a client of the API, list them, withdraw one, or throw away what has expired.

    The secret of a new client is printed once and kept nowhere. With --json:

        {"client_id": "…", "client_secret": "…", "name": "Shop", "brand": "nordlys", "scopes": ["decisions:read"]}

    `--list --json` prints {"clients": [{"client_id", "name", "brand", "scopes", "created_at", "revoked_at"}]},
    `--prune --json` {"answers": 0, "tokens": 0}: how many idempotent answers and expired tokens were thrown away.
    `brand` is null for a client of the whole group. --revoke takes a client id; its tokens end within ten seconds.
    """

    help = "Make, list or revoke the clients that may use the API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", nargs="?", help="what the new client is called")
        parser.add_argument(
            "--scope",
            metavar="SCOPE",
            action="append",
            default=[],
            help=f"what it may do, again for each: {', '.join(ApiScope)}",
        )
        parser.add_argument(
            "--brand", metavar="KEY", help="the one brand it is for; without, the whole group"
        )
        parser.add_argument("--list", action="store_true", help="list the clients")
        parser.add_argument("--revoke", metavar="CLIENT_ID", help="let this client in no more")
        parser.add_argument("--prune", action="store_true", help="throw away what has expired")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        asked = [
            bool(name),
            options["list"],
            options["revoke"] is not None,
            options["prune"],
        ]
        if sum(asked) != 1:
            raise CommandError("Give a NAME for a new client, or one of --list, --revoke and --prune.")
        if options["list"]:
            self._list(json=options["json"])
        elif options["prune"]:
            self._prune(json=options["json"])
        elif name:
            self._make(name=name, words=options["scope"], brand=options["brand"], json=options["json"])
        else:
            self._revoke(client_id=options["revoke"])

    def _make(self, *, name: str, words: list[str], brand: str | None, json: bool) -> None:
        unknown = sorted(set(words) - set(ApiScope))
        if unknown or not words:
            wrong = f"There is no scope {unknown[0]!r}" if unknown else "A client needs --scope"
            raise CommandError(f"{wrong}; known are {', '.join(ApiScope)}.")
        scopes = sorted({ApiScope(word) for word in words})
        try:
            made = make_client(name=name, scopes=scopes, brand=_brand(brand), now=timezone.now())
        except ClientNameInvalid as error:
            raise CommandError("A name is one line of at most 100 characters.") from error
        if json:
            self.write_json(
                {
                    "client_id": made.client_id,
                    "client_secret": made.client_secret,
                    "name": name.strip(),
                    "brand": brand,
                    "scopes": [scope.value for scope in scopes],
                }
            )
            return
        self.write_row("client id", made.client_id)
        self.write_row("client secret", made.client_secret)

    def _list(self, *, json: bool) -> None:
        clients = [
            {
                "client_id": client.client_id,
                "name": client.client.name,
                "brand": client.brand.key if client.brand else None,
                "scopes": client.client.get_scopes(),
                "created_at": iso(client.created_at),
                "revoked_at": iso(client.revoked_at),
            }
            for client in ApiClient.objects.select_related("client", "brand").order_by("pk")
        ]
        if json:
            self.write_json({"clients": clients})
            return
        for client in clients:
            self.write_row(
                client["client_id"],
                client["name"],
                client["brand"] or "group",
                ",".join(client["scopes"]),
                "revoked" if client["revoked_at"] else "in use",
            )

    def _revoke(self, *, client_id: str) -> None:
        client = ApiClient.objects.filter(client=client_id).first()
        if client is None:
            raise CommandError(f"There is no client {client_id!r}; --list shows them.")
        revoked = revoke_client(client=client.pk, by=None, now=timezone.now())
        self.stdout.write("Revoked." if revoked else "It was revoked already.")

    def _prune(self, *, json: bool) -> None:
        pruned = prune(now=timezone.now())
        if json:
            self.write_json({"answers": pruned.answers, "tokens": pruned.tokens})
            return
        self.stdout.write(f"{pruned.answers} answers and {pruned.tokens} tokens thrown away.")


def _brand(key: str | None) -> int | None:
    if key is None:
        return None
    brand = Brand.objects.filter(key=key).first()
    if brand is None:
        raise CommandError(f"There is no brand {key!r}; `catalogue` lists them.")
    return int(brand.pk)
