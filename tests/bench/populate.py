"""Make a population by a few statements over sets. Events may be added by anybody; only changing them is refused."""

from django.db import connection

TABLE = (
    "CREATE TABLE bench_bare (id bigserial PRIMARY KEY, token text NOT NULL, created_at timestamptz NOT NULL)"
)
TOPICS = 12
# Of these a person has already stated something, counted from the person's own first topic.
STATED = (0, 5, 10)
FREE = tuple(offset for offset in range(TOPICS) if offset not in STATED)

CATALOGUE = f"""
INSERT INTO preferences_brand (id, key, name, legal_entity, privacy_notice_url, sender_name, sender_email, colour, position)
SELECT n, 'brand-' || n, 'Brand ' || n, 'Brand ' || n || ' AS', 'https://example.com/', 'Brand', 'news@example.com', '#1f4b99', n
  FROM generate_series(1, 3) AS n;
INSERT INTO preferences_purpose (id, kind, key, brand_id, name, description, data_used, channels, requirement, position)
SELECT n, 'marketing', 'topic-' || n, 1 + n % 3,
       json_build_object('en', 'Topic ' || n, 'nb', 'Tema ' || n),
       json_build_object('en', 'News about subject ' || n || ', once a month.', 'nb', 'Nytt om emne ' || n || ', en gang i måneden.'),
       '', '{{email,sms,phone,post}}', '', n
  FROM generate_series(1, {TOPICS}) AS n;
INSERT INTO preferences_purpose (id, kind, key, name, description, data_used, channels, requirement, position)
SELECT {TOPICS} + n, 'profiling', 'profiling-' || n,
       json_build_object('en', 'Purpose ' || n), json_build_object('en', 'Tailors offers, way ' || n || '.'),
       json_build_object('en', 'Pages visited and clicks.'), '{{}}', 'opt_out', n
  FROM generate_series(1, 3) AS n;
"""
PEOPLE = """
INSERT INTO preferences_recipient (id, language, country, relationship, organisation, created_at)
SELECT n, 'en', 'NO', 'business_customer', '', now() - interval '2 years' FROM generate_series(1, {people}) AS n;
INSERT INTO preferences_contactpoint (id, recipient_id, kind, value, normalized, created_at)
SELECT n, n, 'email', 'person' || n || '@example.com', 'person' || n || '@example.com', now() - interval '2 years'
  FROM generate_series(1, {people}) AS n;
"""
# Person r says something about topics r, r+5 and r+10, then takes the first two back, and so on.
EVENTS = f"""
INSERT INTO preferences_event (recipient_id, kind, brand_id, purpose_id, channel, state, previous_state, source, actor,
                               route, reason, occurred_at, recorded_at)
SELECT person, 'marketing', 1 + topic % 3, topic, 'email',
       CASE WHEN lap % 2 = 0 THEN 'opted_in' ELSE 'opted_out' END, 'unstated', 'account', 'recipient', '', '', at, at
  FROM (SELECT 1 + n % {{people}} AS person,
               n / {{people}} / {len(STATED)} AS lap,
               1 + (1 + n % {{people}} + 5 * (n / {{people}} % {len(STATED)})) % {TOPICS} AS topic,
               now() - interval '1 year' + n * interval '1 minute' AS at
          FROM generate_series(0, {{events}} - 1) AS n) AS said
 ORDER BY at;
INSERT INTO preferences_choice (recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, event_id)
SELECT DISTINCT ON (recipient_id, purpose_id)
       recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id
  FROM preferences_event ORDER BY recipient_id, purpose_id, id DESC;
"""


def populate(*, people: int, events: int) -> None:
    """Fill the migrated, empty database behind `connection`."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute(CATALOGUE)
        cursor.execute(PEOPLE.format(people=people))
        cursor.execute(EVENTS.format(people=people, events=events))
        cursor.execute("VACUUM (ANALYZE)")


def free_topic(*, person: int, round_number: int) -> int:
    """A topic about which this person has not said anything; a different one for each of the first rounds."""
    return 1 + (person + FREE[round_number % len(FREE)]) % TOPICS
