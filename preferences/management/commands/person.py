from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from preferences.enums import ContactKind, Kind, Relationship
from preferences.identity import AddressInvalid, normalize_address
from preferences.management.program import ProgramCommand, iso
from preferences.models import Choice, ContactPoint, Event, Recipient

_PROFILE = ("country", "relationship", "language")


class Command(ProgramCommand):
    """Print a person, what holds now, and all that was ever said.

    With --json:

        {
          "recipient": {
            "id", "external_id", "language", "country", "relationship", "organisation", "account",
            "created_at",
            "contact_points": [{"kind", "value", "verified_at"}],
            "absorbed": [ids of the recipients that were merged into this one]
          },
          "choices": [{"kind", "brand", "purpose", "channel", "state", "source", "occurred_at", "event"}],
          "events": [{"id", "recipient", "kind", "brand", "purpose", "channel", "state", "source",
                      "actor", "reason", "wording", "occurred_at", "recorded_at"}]
        }

    `brand` and `purpose` are keys and null for "all"; `channel` is null for "all" and for profiling. `event`
    is the id of the event a choice rests on, `source` that event's. Events come oldest first, those of
    absorbed recipients among them: `recipient` says whose they were. `wording` is the exact text shown, null
    where none of ours was; `account` is true when the person can sign in. Times are ISO 8601 in UTC.

    The address is found however it is spelled. --create adds somebody unknown; for somebody known it fills
    the details that are missing, leaves the others and says so on stderr, and never touches a choice.
    """

    help = "Print a person's choices and events; with --create, add the person first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--create", action="store_true", help="add the person if the address is unknown")
        parser.add_argument("--country", help="with --create: ISO 3166-1, such as NO")
        parser.add_argument("--relationship", help=f"with --create: {', '.join(Relationship.values)}")
        parser.add_argument("--language", help=f"with --create: {', '.join(dict(settings.LANGUAGES))}")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, email: str, create: bool, json: bool, **options: Any) -> None:
        try:
            normalized = normalize_address(kind=ContactKind.EMAIL, value=email)
        except AddressInvalid as error:
            raise CommandError(str(error)) from error
        profile = {name: options[name] for name in _PROFILE if options[name] is not None}
        if create:
            now = timezone.now()
            _check(profile, now=now)
            recipient = self._find_or_create(
                value=email.strip(), normalized=normalized, profile=profile, now=now
            )
        elif profile:
            raise CommandError(f"--{min(profile)} goes with --create only.")
        elif found := _find(normalized):
            recipient = found
        else:
            raise CommandError(f"No recipient has the address {normalized}.")
        person = _person(recipient)
        if json:
            self.write_json(person)
        else:
            self._write_text(person)

    def _find_or_create(
        self, *, value: str, normalized: str, profile: dict[str, str], now: dt.datetime
    ) -> Recipient:
        recipient = _find(normalized)
        if recipient is None:
            try:
                with transaction.atomic():
                    recipient = Recipient.objects.create(created_at=now, **profile)
                    ContactPoint.objects.make(
                        recipient=recipient.pk, kind=ContactKind.EMAIL, value=value, now=now
                    ).save()
            except IntegrityError:
                # Somebody else added the address in the meantime; then that is the person.
                recipient = _find(normalized)
                if recipient is None:
                    raise
            else:
                self.stderr.write(f"Created recipient {recipient.pk}.")
                return recipient
        self._fill(recipient, profile=profile)
        return recipient

    def _fill(self, recipient: Recipient, *, profile: dict[str, str]) -> None:
        missing = {name: value for name, value in profile.items() if value and not getattr(recipient, name)}
        kept = {name for name, value in profile.items() if value and value != getattr(recipient, name)} - set(
            missing
        )
        if missing:
            Recipient.objects.filter(pk=recipient.pk).update(**missing)
            recipient.refresh_from_db()
        self.stderr.write(
            f"Recipient {recipient.pk} exists; filled: {_names(missing)}; kept as it was: {_names(kept)}."
        )

    def _write_text(self, person: dict[str, Any]) -> None:
        recipient = person["recipient"]
        self.write_row("recipient", recipient["id"], *(recipient[name] for name in _PROFILE))
        for point in recipient["contact_points"]:
            self.write_row(
                point["kind"], point["value"], "verified" if point["verified_at"] else "not verified"
            )
        for choice in person["choices"]:
            self.write_row(
                "choice",
                _about(choice),
                choice["state"],
                choice["source"],
                choice["occurred_at"],
                f"#{choice['event']}",
            )
        for event in person["events"]:
            self.write_row(
                f"event #{event['id']}",
                _about(event),
                event["state"],
                event["source"],
                event["actor"],
                event["occurred_at"],
                event["reason"],
            )


def _names(names: Any) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _check(profile: dict[str, str], *, now: dt.datetime) -> None:
    """Raises CommandError for a detail that a recipient cannot have."""
    known = {"relationship": Relationship.values, "language": list(dict(settings.LANGUAGES))}
    for name, values in known.items():
        if profile.get(name) and profile[name] not in values:
            raise CommandError(f"There is no {name} {profile[name]!r}; known are {', '.join(values)}.")
    try:
        Recipient(created_at=now, **profile).clean_fields()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise CommandError(f"{profile.get(name)!r} is no {name}: {' '.join(messages)}") from error


def _find(normalized: str) -> Recipient | None:
    return Recipient.objects.filter(
        contact_points__kind=ContactKind.EMAIL, contact_points__normalized=normalized
    ).first()


def _person(recipient: Recipient) -> dict[str, Any]:
    return {
        "recipient": {
            "id": recipient.pk,
            "external_id": recipient.external_id,
            "language": recipient.language,
            "country": recipient.country,
            "relationship": recipient.relationship,
            "organisation": recipient.organisation,
            "account": recipient.account_id is not None,
            "created_at": iso(recipient.created_at),
            "contact_points": [
                {"kind": point.kind, "value": point.value, "verified_at": iso(point.verified_at)}
                for point in recipient.contact_points.order_by("pk")
            ],
            "absorbed": list(recipient.absorbed.order_by("pk").values_list("pk", flat=True)),
        },
        "choices": [
            {
                **_statement(choice),
                "source": choice.event.source,
                "occurred_at": iso(choice.occurred_at),
                "event": choice.event_id,
            }
            for choice in Choice.objects.filter(recipient=recipient)
            .select_related("brand", "purpose", "event")
            .order_by("event_id")
        ],
        "events": [
            {
                "id": event.pk,
                "recipient": event.recipient_id,
                **_statement(event),
                "source": event.source,
                "actor": event.actor,
                "reason": event.reason,
                "wording": event.wording.text if event.wording else None,
                "occurred_at": iso(event.occurred_at),
                "recorded_at": iso(event.recorded_at),
            }
            for event in Event.objects.filter(Q(recipient=recipient) | Q(recipient__merged_into=recipient))
            .select_related("brand", "purpose", "wording")
            .order_by("pk")
        ],
    }


def _statement(row: Choice | Event) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "brand": row.brand.key if row.brand else None,
        "purpose": row.purpose.key if row.purpose else None,
        "channel": row.channel,
        "state": row.state,
    }


def _about(row: dict[str, Any]) -> str:
    """A statement's scope in one word: marketing/acme/acme-news/email, with "*" for all."""
    names = ("kind", "purpose") if row["kind"] == Kind.PROFILING else ("kind", "brand", "purpose", "channel")
    return "/".join(row[name] or "*" for name in names)
