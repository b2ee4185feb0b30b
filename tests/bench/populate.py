"""Make a population by a few statements over sets. Events may be added by anybody; only changing them is refused."""

import io

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from preferences.cookies.publish import publish
from preferences.enums import CookieCategory
from preferences.models import Site
from tests.bench.database import connected_to, create_database

TOPICS = 12
# Of these a person has already stated something, counted from the person's own first topic.
STATED = (0, 5, 10)
FREE = tuple(offset for offset in range(TOPICS) if offset not in STATED)
# So many events has the one person who never stops changing their mind, the last in the table.
BUSIEST = 2_000
# The one that bears the cookie banner.
SITE, ORIGIN = "shop", "https://shop.example"

CATALOGUE = f"""
CREATE TABLE bench_bare (id bigserial PRIMARY KEY, token text NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO preferences_brand
       (id, key, name, legal_entity, privacy_notice_url, sender_name, sender_email, colour, position)
SELECT n, 'brand-' || n, 'Brand ' || n, 'Brand ' || n || ' AS', 'https://example.com/', 'Brand ' || n,
       'news@example.com', '#1f4b99', n
  FROM generate_series(1, 3) AS n;
INSERT INTO preferences_purpose
       (id, kind, key, brand_id, name, description, data_used, channels, requirement, position)
SELECT n, 'marketing', 'topic-' || n, 1 + n % 3,
       json_build_object('en', 'Topic ' || n, 'nb', 'Tema ' || n),
       json_build_object('en', 'News about subject ' || n, 'nb', 'Nytt om emne ' || n),
       '', '{{email,sms,phone,post}}', '', n
  FROM generate_series(1, {TOPICS}) AS n;
INSERT INTO preferences_purpose
       (id, kind, key, name, description, data_used, channels, requirement, use, position)
SELECT {TOPICS} + n, 'profiling', 'profiling-' || n,
       json_build_object('en', 'Purpose ' || n), json_build_object('en', 'Tailors offers, way ' || n || '.'),
       json_build_object('en', 'Pages visited and clicks.'), '{{}}', 'opt_out', 'other', n
  FROM generate_series(1, 3) AS n;
"""
PEOPLE = """
INSERT INTO preferences_recipient (id, language, country, relationship, organisation, created_at)
SELECT n, 'en', 'NO', 'business_customer', '', now() - interval '2 years' FROM generate_series(1, {people}) AS n;
INSERT INTO preferences_contactpoint (id, recipient_id, kind, value, normalized, address_hash, created_at)
SELECT n, n, 'email', 'person' || n || '@example.com', 'person' || n || '@example.com', sha256(n::text::bytea),
       now() - interval '2 years'
  FROM generate_series(1, {people}) AS n;
"""
# Everybody speaks in turn, of three topics over and over, one minute after the other.
EVENTS = f"""
INSERT INTO preferences_event
       (recipient_id, kind, brand_id, purpose_id, channel, state, previous_state, source, actor, route, reason,
        superseded, occurred_at, recorded_at)
SELECT person, 'marketing', 1 + topic % 3, topic, 'email',
       CASE WHEN turn / {len(STATED)} % 2 = 0 THEN 'opted_in' ELSE 'opted_out' END,
       'unstated', 'account', 'recipient', '', '', false, at, at
  FROM (SELECT person, turn, 1 + (person + 5 * (turn % {len(STATED)})) % {TOPICS} AS topic, at
          FROM (SELECT {{first}} + n % {{people}} AS person, n / {{people}} AS turn,
                       now() - interval '1 year' + n * interval '1 minute' AS at
                  FROM generate_series(0, {{events}} - 1) AS n) AS turns) AS said
 ORDER BY at;
"""
CHOICES = """
INSERT INTO preferences_choice (recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, event_id)
SELECT DISTINCT ON (recipient_id, purpose_id)
       recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id
  FROM preferences_event ORDER BY recipient_id, purpose_id, id DESC;
"""


def make_population(*, database: str, people: int, events: int) -> None:
    """Make the database anew: `people` recipients with `events` events, and one person more with BUSIEST of them."""
    create_database(database)
    with connected_to(database):
        call_command("migrate", verbosity=0, interactive=False)
        fill(people=people, events=events)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("CHECKPOINT")


def fill(*, people: int, events: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE)
        call_command("load_rules", stdout=io.StringIO())
        cursor.execute(PEOPLE.format(people=people + 1))
        cursor.execute(EVENTS.format(first=1, people=people, events=events))
        cursor.execute(EVENTS.format(first=people + 1, people=1, events=BUSIEST))
        cursor.execute(CHOICES)
    publish_site()


@transaction.atomic
def publish_site() -> None:
    site = Site.objects.create(
        key=SITE, name="shop.example", brand_id=1, origins=[ORIGIN], languages=["en", "nb"]
    )
    for category in CookieCategory:
        site.categories.create(category=category)
        for n in range(4):
            site.cookies.create(
                category=category,
                name=f"{category}_{n}",
                provider="Example",
                purpose="Remembers one thing about the visit.",
                lifetime="1 year",
            )
    publish(site, now=timezone.now())


def free_topic(*, person: int, turn: int) -> int:
    """A topic about which this person has not said anything; another one for each turn below len(FREE)."""
    return 1 + (person + FREE[turn]) % TOPICS


def brand_of(topic: int) -> int:
    return 1 + topic % 3
