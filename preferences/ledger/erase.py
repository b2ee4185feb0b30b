"""Erase a person: the data goes, the objection stays."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import latest_time, stated_state
from preferences.enums import Actor, ContactKind, Kind, Source, State, SuppressionKind, SuppressionReason
from preferences.ledger.append import Author, Entry, append, lock_recipient
from preferences.mail.deliver import drop
from preferences.models import ContactPoint, Mail, Message, Recipient, Sale, Suppression
from preferences.models.mail import MessageQuerySet
from preferences.scope import Scope


def erase(*, recipient: int, now: dt.datetime) -> None:
    """Remove every address, number and detail of a recipient; refuse all marketing and profiling in the history.

    Of each address and number a suppression stays, by its keyed hash alone: whoever brings it back, in an import or as
    a new person, gets no marketing there until staff lift it.

    What they wrote to us and what we mailed them loses its content, also where a message from their address was taken
    for somebody else's, or for nobody's. What staff have yet to answer, or is on its way, keeps it until that is done;
    then `prune_mail` deletes it. An answer on its way goes to the address the message came from, if that was theirs.

    The rows that were merged into this one are emptied with it, and the account is deleted unless it is a staff
    member's. The history keeps its rows, which hold no personal data, and names nobody any more. Links in old mail
    lead to the page for unknown links. Raises RecipientGone.
    """
    with transaction.atomic():
        # Whoever acts on a message locks it first, then the person: all in this order, so that nobody waits for ever.
        list(_letters_of(recipient).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        recipient = lock_recipient(recipient)
        choices = load_choices(recipient)
        append(
            recipient=recipient,
            entries=[
                Entry(
                    scope=Scope(kind=kind),
                    state=State.OPTED_OUT,
                    previous_state=stated_state(choices=choices, scope=Scope(kind=kind)),
                    occurred_at=latest_time(choices=choices, now=now),
                    moves=True,
                )
                for kind in Kind
            ],
            author=Author(source=Source.ERASURE, actor=Actor.SYSTEM),
            now=now,
        )
        person = Recipient.objects.filter(Q(pk=recipient) | Q(merged_into=recipient))
        points = ContactPoint.objects.filter(recipient__in=person)
        for address_hash in points.order_by("pk").values_list("address_hash", flat=True):
            Suppression.objects.put_in_force(
                Suppression(
                    kind=SuppressionKind.ADDRESS,
                    address_hash=address_hash,
                    reason=SuppressionReason.ERASURE,
                    created_at=now,
                )
            )
        letters = list(_letters_of(recipient).values_list("pk", flat=True))
        _stop_answers_to(points, now=now)
        points.delete()
        mails = Mail.objects.filter(Q(recipient__in=person) | Q(answers__in=letters), content_deleted_at=None)
        mails.finished().delete_content(now=now)
        Message.objects.finished().filter(pk__in=letters, content_deleted_at=None).delete_content(now=now)
        Sale.objects.filter(recipient__in=person).delete()
        # Staff keep their account: it stands in the history of others. Sessions and addresses go with the account.
        get_user_model().objects.filter(recipient__in=person, is_staff=False).delete()
        person.update(
            account=None,
            external_id=None,
            language="",
            country="",
            relationship="",
            organisation="",
            born_on=None,
            erased_at=now,
        )


def _letters_of(recipient: int) -> MessageQuerySet:
    """What a person wrote, and what came from an e-mail address of theirs."""
    # Read first, so that each part of the condition goes by its own index.
    rows = Recipient.objects.filter(Q(pk=recipient) | Q(merged_into=recipient))
    people = list(rows.values_list("pk", flat=True))
    addresses = list(
        ContactPoint.objects.filter(recipient__in=people, kind=ContactKind.EMAIL).values_list(
            "normalized", flat=True
        )
    )
    theirs = Q(recipient__in=people) | Q(sender__in=addresses)
    return Message.objects.filter(theirs)


def _stop_answers_to(points: QuerySet[ContactPoint], *, now: dt.datetime) -> None:
    """Give up the answers to these addresses that would go to another one without them: that of somebody else."""
    on_their_way = Mail.objects.unfinished().filter(answers__contact_point__in=points)
    elsewhere = on_their_way.exclude(answers__sender__in=points.values("normalized"))
    for mail in elsewhere.values_list("pk", flat=True):
        drop(mail=mail, now=now, detail="address erased")
