"""The list of cookie consents: search, filters, plots, the texts shown, and the export."""

import csv
import datetime as dt
import io
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from preferences.admin import cookie_plots
from preferences.admin.cookie_consents import read_consent_id
from preferences.cookies.publish import publish
from preferences.enums import CookieAction, CookieCategory
from preferences.exports.cookie_consents import stream_cookie_consents
from preferences.models import Banner, CookieConsent, Site, Wording
from tests.factories import SiteCategoryFactory, SiteFactory

pytestmark = pytest.mark.django_db

LIST = "admin:preferences_cookieconsent_changelist"
EXPORT = "admin:preferences_cookieconsent_export"
PAGE = "admin:preferences_cookieconsent_change"
DAY = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
ID = uuid.UUID("1b4e28ba-2fa1-41d2-883f-0016d3cca427")


@pytest.fixture
def say(shop):
    """Put one cookie consent on record, as the banner would; of `shop` and refusing unless told otherwise."""

    def said(site=None, *, consent=None, now=DAY, action=CookieAction.REFUSE_ALL, granted=(), **columns):
        banner = (site or shop).banners.latest("pk")
        consent = consent or uuid.uuid4()
        language = columns.pop("language", "en")
        hashes = banner.content["languages"][language]["wordings"]
        return CookieConsent.objects.create(
            **{
                "consent": consent,
                "sequence": CookieConsent.objects.filter(consent=consent).count() + 1,
                "site": site or shop,
                "banner": banner,
                "version": banner.version,
                "language": language,
                "wordings": [hashes["banner"]],
                "action": action,
                "categories": [CookieCategory.NECESSARY, *granted],
                "gpc": False,
                "recorded_at": now,
                **columns,
            }
        )

    return said


@pytest.fixture
def blog(shop) -> Site:
    """Another site of the same brand, at version 2."""
    site = SiteFactory(key="-blog", name="blog.example", brand=shop.brand)
    SiteCategoryFactory(site=site, category=CookieCategory.NECESSARY)
    publish(site, now=DAY)
    SiteCategoryFactory(site=site, category=CookieCategory.STATISTICS)
    publish(site, now=DAY)
    return site


@pytest.fixture
def many(say, blog):
    """Five cookie consents, by name; no two of a kind."""
    all_of_them = [category for category in CookieCategory if category is not CookieCategory.NECESSARY]
    return {
        "refused": say(),
        "accepted": say(action=CookieAction.ACCEPT_ALL, granted=all_of_them, now=DAY + dt.timedelta(days=1)),
        "statistics": say(
            action=CookieAction.SAVE,
            granted=[CookieCategory.STATISTICS],
            language="nb",
            now=DAY + dt.timedelta(days=1, hours=11),
        ),
        "signal": say(gpc=True, now=DAY + dt.timedelta(days=2)),
        "blog": say(blog, now=DAY + dt.timedelta(days=3), consent=ID),
    }


FILTERS = [
    ({}, "blog signal statistics accepted refused"),
    ({"site": "blog"}, "blog"),
    ({"action": "accept_all"}, "accepted"),
    ({"action": "refuse_all", "site": "shop"}, "signal refused"),
    ({"category": "statistics"}, "statistics accepted"),
    ({"category": "nothing"}, "blog signal refused"),
    ({"gpc": "yes"}, "signal"),
    ({"gpc": "no", "category": "nothing"}, "blog refused"),
    ({"version": "2"}, "blog"),
    ({"version": "1", "site": "shop"}, "signal statistics accepted refused"),
    ({"recorded_at_from": "2026-05-04", "recorded_at_to": "2026-05-04"}, "statistics accepted"),
    ({"recorded_at_from": "2026-05-05"}, "blog signal"),
    ({"q": str(ID)}, "blog"),
    ({"q": f" {str(ID).upper()} "}, "blog"),
    ({"q": ID.hex}, "blog"),
    ({"q": str(ID), "gpc": "yes"}, ""),
    ({"q": str(ID)[:8]}, ""),
    (
        {"site": "x' OR 1=1", "action": "ate_all", "category": "necessary", "gpc": "maybe", "version": "-"},
        "blog signal statistics accepted refused",
    ),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_each_filter_narrows_the_list_and_the_export(filters, expected, many, sign_in):
    sites = {site.name.partition(".")[0]: site.pk for site in Site.objects.all()}
    filters = {name: sites.get(value, value) if name == "site" else value for name, value in filters.items()}
    names = {record.pk: name for name, record in many.items()}
    client = sign_in("auditors")

    listed = client.get(reverse(LIST), filters).context["cl"].result_list
    exported = rows_of(client.get(reverse(EXPORT), filters))

    assert [names[record.pk] for record in listed] == expected.split()
    assert [names[int(row["id"])] for row in exported] == expected.split()


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_of_the_export(many, sign_in):
    answer = sign_in("auditors").get(reverse(EXPORT), {"category": "statistics"})

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="cookie-consents-')
    assert "no-store" in answer.headers["Cache-Control"]
    record = many["statistics"]
    assert rows_of(answer)[0] == {
        "id": str(record.pk),
        "recorded_at": "2026-05-04T23:00:00.000000+00:00",
        "site": "shop",
        "consent": str(record.consent),
        "number": "1",
        "banner": str(record.banner_id),
        "version": "1",
        "language": "nb",
        "action": "save",
        "categories": "necessary statistics",
        "gpc": "false",
        "wordings": record.wordings[0],
    }


def test_the_export_is_csv_as_the_standard_has_it_and_no_cell_a_formula(many):
    lines = b"".join(stream_cookie_consents(CookieConsent.objects.order_by("-pk")))

    assert lines.startswith(b"\xef\xbb\xbfid,recorded_at,")
    assert lines.count(b"\r\n") == lines.count(b"\n") == 6
    assert rows_from(lines)[0]["site"] == "'-blog"


def rows_from(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_export_holds_a_part_of_the_rows_at_a_time(say, shop):
    record = say()
    CookieConsent.objects.bulk_create(
        [
            CookieConsent(
                **{
                    field.attname: getattr(record, field.attname)
                    for field in CookieConsent._meta.concrete_fields
                    if field.attname not in {"id", "consent"}
                },
                consent=uuid.uuid4(),
            )
            for _ in range(2000)
        ]
    )

    blocks = list(stream_cookie_consents(CookieConsent.objects.order_by("-pk")))

    assert len(rows_from(b"".join(blocks))) == 2001
    assert len(blocks) > 3
    assert max(map(len, blocks)) < 70_000


def test_an_export_given_up_leaves_the_connection_usable(many):
    stream = stream_cookie_consents(CookieConsent.objects.all())
    next(stream)
    stream.close()
    assert CookieConsent.objects.count() == 5


def test_only_some_may_export(many, sign_in):
    assert sign_in("support").get(reverse(LIST)).context["export_url"] == ""
    assert sign_in("support").get(reverse(EXPORT)).status_code == 403
    assert sign_in("auditors").get(reverse(LIST), {"gpc": "yes"}).context["export_url"].endswith("?gpc=yes")
    assert sign_in("editors").get(reverse(LIST)).status_code == 403


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (str(ID), True),
        (str(ID).upper(), True),
        (ID.hex, True),
        (f"\t{ID} ", True),
        (str(ID)[:-1], False),
        (f"{ID}0", False),
        (str(ID).replace("-", "_"), False),
        ("+" + ID.hex[1:], False),
        ("kari@example.com", False),
        ("1b4e28ba", False),
        ("١" * 32, False),
    ],
)
def test_what_a_consent_id_looks_like(text, is_one):
    assert read_consent_id(text) == (ID if is_one else None)


def test_anything_else_is_answered_without_a_look_at_the_table(many, staff):
    with CaptureQueriesContext(connection) as captured:
        answer = staff.get(reverse(LIST), {"q": "1b4e28ba"})

    assert f"A consent id looks like {ID}." in answer.content.decode()
    assert [query["sql"] for query in captured if 'FROM "preferences_cookieconsent"' in query["sql"]] == []


def test_the_page_of_a_consent_id_has_everything_in_order_and_the_exact_texts(say, shop, staff):
    shown = shop.banners.get().content["languages"]["nb"]["wordings"]
    both = [shown["banner"], shown["details"]]
    say(consent=ID, language="nb", wordings=both)
    say(
        consent=ID,
        language="nb",
        wordings=both,
        action=CookieAction.SAVE,
        granted=[CookieCategory.STATISTICS],
        now=DAY + dt.timedelta(days=1),
    )
    shop.title = "Something else"
    shop.save()
    publish(shop, now=DAY)
    say(consent=ID, now=DAY + dt.timedelta(days=2), gpc=True)
    say()

    answer = staff.get(reverse(PAGE, args=[ID]))

    assert [row["record"].sequence for row in answer.context["rows"]] == [1, 2, 3]
    assert [row["granted"] for row in answer.context["rows"]] == [
        "Only necessary",
        "Statistics",
        "Only necessary",
    ]
    assert [(text.part, text.records) for text in answer.context["texts"]] == [
        ("Banner", (1, 2)),
        ("Details", (1, 2)),
        ("Banner", (3,)),
    ]
    page = answer.content.decode()
    for wording in Wording.objects.filter(pk__in=both):
        assert all(escape(line) in page for line in wording.text.splitlines())
    assert "Something else" in page
    assert reverse("admin:preferences_banner_change", args=[Banner.objects.latest("pk").pk]) in page
    assert staff.get(reverse(PAGE, args=[uuid.uuid4()])).status_code == 404


def _one_version_on(shop):
    shop.cookies.get(name="_ga").delete()
    publish(shop, now=NOW)


def _retired(shop):
    shop.retired_at = NOW
    shop.save()


@pytest.mark.parametrize(
    ("since", "days_ago", "standing", "why"),
    [
        (None, 179, "In force", "unless something else is said or the banner changes before."),
        (None, 181, "Not in force", "A choice on this site holds for 180 days."),
        (_one_version_on, 1, "Not in force", "What the site does with cookies has changed since."),
        (_retired, 1, "Not in force", "The site is retired and takes no choices."),
    ],
)
def test_whether_what_was_said_last_is_in_force(since, days_ago, standing, why, say, shop, staff):
    say(consent=ID, now=timezone.now() - dt.timedelta(days=days_ago + 1))
    say(consent=ID, now=timezone.now() - dt.timedelta(days=days_ago), granted=[CookieCategory.STATISTICS])
    if since:
        since(shop)

    page = staff.get(reverse(PAGE, args=[ID])).content.decode()

    assert f">{standing}<" in page
    assert why in page
    assert 'Statistics <span class="subtle">in record 2<' in page
    assert "Global Privacy Control" not in page


@pytest.mark.parametrize(("gpc", "is_told"), [(False, True), (True, False)])
def test_a_yes_to_marketing_is_told_to_wait_for_the_privacy_signal(gpc, is_told, say, staff):
    """Staff do not see what the browser sends today. A yes that was said under the signal stands."""
    say(consent=ID, now=timezone.now(), gpc=gpc, granted=[CookieCategory.MARKETING])
    assert ("marketing waits until" in staff.get(reverse(PAGE, args=[ID])).content.decode()) is is_told


def test_the_list_tells_time_in_utc(many, staff, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    page = staff.get(reverse(LIST)).content.decode()
    assert "Recorded at (UTC)" in page
    assert "4 May 2026, 23:00" in page


NOW = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)


def test_consents_are_counted_by_day_action_and_category(say, blog):
    statistics = {"action": CookieAction.SAVE, "granted": [CookieCategory.STATISTICS]}
    say(now=NOW - dt.timedelta(days=30))
    say(now=NOW - dt.timedelta(days=29))
    say(now=NOW, **statistics)
    say(now=NOW, **statistics)
    say(
        now=NOW,
        action=CookieAction.ACCEPT_ALL,
        granted=[CookieCategory.STATISTICS, CookieCategory.MARKETING],
    )
    say(blog, now=NOW)

    actions, categories = cookie_plots.cookie_plots(site=None, now=NOW)
    of_blog, none_of_blog = cookie_plots.cookie_plots(site=blog.pk, now=NOW)

    assert actions.legend == ((0, "Accepted all", 1), (1, "Refused all", 2), (2, "Chose by category", 2))
    assert actions.rows == (("31 May 2026", (1, 1, 2), 4), ("2 May 2026", (0, 1, 0), 1))
    assert categories.legend == ((1, "Statistics", 3), (2, "Marketing", 1))
    assert categories.rows == (("31 May 2026", (3, 1), 4),)
    assert of_blog.rows == (("31 May 2026", (1,), 1),)
    assert none_of_blog.rows == ()


def test_counting_that_takes_too_long_is_given_up(say, staff, monkeypatch):
    say(now=timezone.now())
    monkeypatch.setattr(
        cookie_plots, "_count_by_day", lambda **_: connection.cursor().execute("SELECT pg_sleep(2)")
    )
    monkeypatch.setattr(cookie_plots, "_MAY_TAKE", "50ms")

    page = staff.get(reverse(LIST)).content.decode()

    assert "Counting takes too long at the moment." in page


def test_the_plots_stand_above_the_list(say, shop, blog, staff):
    say(now=timezone.now())
    assert "Cookie consents per day" in (page := staff.get(reverse(LIST)).content.decode())
    assert "Categories granted per day" in page
    assert page.count("Nothing in the last 30 days.") == 1
    of_blog = staff.get(reverse(LIST), {"site": blog.pk}).content.decode()
    assert of_blog.count("Nothing in the last 30 days.") == 2
    assert "per day" not in staff.get(reverse(LIST), {"q": str(ID)}).content.decode()


@pytest.mark.parametrize("what", ["list", "page", "export"])
def test_the_number_of_queries_does_not_grow(what, say, blog, sign_in):
    client = sign_in("superuser")
    path = {"list": reverse(LIST), "page": reverse(PAGE, args=[ID]), "export": reverse(EXPORT)}[what]

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
            assert answer.status_code == 200
            if what == "export":
                b"".join(answer.streaming_content)
        return [query["sql"] for query in captured]

    say(consent=ID, now=timezone.now())
    queries()
    with_one = queries()
    for number in range(20):
        say(consent=ID, now=timezone.now(), language="en" if number % 2 else "nb")
        say(blog, now=timezone.now())
    with_many = queries()

    assert len(with_many) == len(with_one)
    assert [query for query in with_many if "count(*)" in query.lower()] == []
