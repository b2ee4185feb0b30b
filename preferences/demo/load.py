"""Load the demo, once."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from preferences.demo.catalogue import BRANDS, load_catalogue, retire_topics
from preferences.demo.facts import load_facts
from preferences.demo.messages import load_messages
from preferences.demo.past import tell_past
from preferences.demo.people import load_people, load_staff
from preferences.demo.sites import load_sites
from preferences.imports.rules import load_rules
from preferences.models import Brand
from preferences.rules.read import (
    MARKETING_FILE,
    PROFILING_FILE,
    read_marketing_rules,
    read_profiling_rules,
)


def load_demo(*, now: dt.datetime) -> bool:
    """Store catalogue, people, their past, the inbox and the sites, all or nothing; False where they are there already.

    The demo's first brand tells: where it exists, nothing is done.
    """
    with transaction.atomic():
        # Of two loads at once the second waits, and then finds all of it there.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('load_demo', 0))")
        if Brand.objects.filter(key=BRANDS[0].key).exists():
            return False
        purposes = load_catalogue()
        load_shipped_rules(now=now)
        recipients = load_people(now=now)
        staff = load_staff()
        load_facts(recipients=recipients, staff=staff["support"], now=now)
        tell_past(recipients=recipients, purposes=purposes, staff=staff["support"], now=now)
        load_messages(staff=staff["support"], now=now)
        load_sites(now=now)
        retire_topics(now=now)
    return True


def load_shipped_rules(*, now: dt.datetime) -> None:
    """Load the national rules that come with the project, and publish them."""
    load_rules(
        marketing=read_marketing_rules(MARKETING_FILE.read_bytes()),
        profiling=read_profiling_rules(PROFILING_FILE.read_bytes()),
        now=now,
    )
