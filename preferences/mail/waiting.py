"""A mail that waits for its time: asked for once, taken up by the worker, and waiting again when it could not be sent.

A person has at most one of each sort waiting, and everything said meanwhile goes into that one. So whoever asks for a
mail, and the worker who looks what to put into it, lock the person first.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from preferences.models import ChangeNotice, ConfirmationRequest, Recipient

type Waiting = ConfirmationRequest | ChangeNotice
type Sort = type[ConfirmationRequest] | type[ChangeNotice]

# A mail that waits longer than this after it was due is believed to have lost its task: a worker that is killed leaves
# one behind that nobody takes up again.
_LOST_AFTER = dt.timedelta(hours=1)


def is_on_its_way(waiting: Waiting, *, now: dt.datetime) -> bool:
    """Whether the worker has yet to send a mail, and can be believed to."""
    return waiting.answered_at is None and waiting.due_at + _LOST_AFTER >= now


def give_up(sort: Sort, waiting: list[int], *, now: dt.datetime) -> None:
    """Mark these (primary keys) as answered, without a mail: should their task come up after all, it sends nothing."""
    sort.objects.filter(pk__in=waiting).update(answered_at=now)


def take_over[Row: (ConfirmationRequest, ChangeNotice)](
    sort: type[Row], *, recipient: int, now: dt.datetime
) -> list[Row]:
    """Give up what waits for a person, and for records merged into theirs, and return it: one mail stands for all.

    Call with that person locked.
    """
    theirs = Q(recipient=recipient) | Q(recipient__merged_into=recipient)
    waiting = list(sort.objects.filter(theirs, answered_at=None).order_by("pk"))
    give_up(sort, [row.pk for row in waiting], now=now)
    return waiting


def take_up(sort: Sort, waiting: int, *, now: dt.datetime) -> int | None:
    """Mark a mail that waits as answered, and return the person it goes to, locked; None where it was answered before.

    Marked before the mail is sent: whatever is said from here on is not in this mail and has to get another. And should
    that fail in a way nobody thought of, nothing waits for ever and keeps all later mails back.

    Call inside a transaction, and put the mail on record in it: then what is answered without a mail had none to send.
    """
    recipient = lock_person(sort, waiting)
    taken = sort.objects.filter(pk=waiting, answered_at=None).update(answered_at=now)
    return recipient if taken else None


def put_off(sort: Sort, waiting: int, *, recipient: int, until: dt.datetime) -> None:
    """Let a mail wait again, for the person its first addressee is by now. Call with that person locked."""
    sort.objects.filter(pk=waiting).update(recipient=recipient, answered_at=None, due_at=until)


def lock_person(sort: Sort, waiting: int) -> int:
    """Lock the recipient of a mail that waits, the surviving one after a merge, and return its id."""
    recipient = sort.objects.values_list("recipient", flat=True).get(pk=waiting)
    while True:
        person = Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        if person.merged_into_id is None:
            return recipient
        recipient = person.merged_into_id
