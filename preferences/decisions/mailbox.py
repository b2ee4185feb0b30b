"""Where a person reads what we write to them."""

from __future__ import annotations

import datetime as dt

from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.enums import ContactKind
from preferences.models import ContactPoint


def mailbox_of(*, recipient: int, now: dt.datetime) -> tuple[Situation | None, ContactPoint | None]:
    """What is known of a person, and the e-mail address our mails go to, with its recipient. Two queries.

    The first usable one: verified before unverified, then the oldest. None where there is no such address, and for
    an erased person both are None.
    """
    (person,) = load_situations(people=[PersonRef(recipient=recipient)], today=now.date()).people
    if person is None or person.erased:
        return None, None
    usable = next(
        (point for point in person.points if point.kind is ContactKind.EMAIL and point.usable), None
    )
    if usable is None:
        return person, None
    return person, ContactPoint.objects.select_related("recipient").filter(pk=usable.id).first()
