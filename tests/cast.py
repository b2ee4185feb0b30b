"""The fixed cast: the same few people and the same small catalogue in every test that wants no others.

    def test_kari_stops_news(kari, news): ...

Nobody has said anything yet. `kari` lives in Norway and has an account, `anonymous` has none;
`support` and `admin` are staff.
"""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from i18nfield.strings import LazyI18nString

from preferences.cookies.publish import publish
from preferences.cookies.served import forget_served
from preferences.enums import Channel, CookieCategory, Relationship
from preferences.models import Brand, ProfilingPurpose, Recipient, Site, Topic
from tests.factories import (
    CREATED_AT,
    AdminFactory,
    BrandFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    SiteCategoryFactory,
    SiteCookieFactory,
    SiteFactory,
    StaffFactory,
    TopicFactory,
    UserFactory,
)


@pytest.fixture
def acme(db: None) -> Brand:
    return BrandFactory(key="acme", name="Acme")


@pytest.fixture
def news(acme: Brand) -> Topic:
    """Acme's "Product news", by e-mail, text message and letter."""
    return TopicFactory(
        key="acme-news",
        brand=acme,
        name=LazyI18nString({"en": "Product news", "nb": "Produktnytt"}),
        channels=[Channel.EMAIL.value, Channel.SMS.value, Channel.POST.value],
    )


@pytest.fixture
def events(acme: Brand) -> Topic:
    """Acme's "Events", by e-mail only."""
    return TopicFactory(
        key="acme-events",
        brand=acme,
        name=LazyI18nString({"en": "Events", "nb": "Arrangementer"}),
        channels=[Channel.EMAIL.value],
    )


@pytest.fixture
def activity(db: None) -> ProfilingPurpose:
    return ProfilingPurposeFactory(
        key="activity", name=LazyI18nString({"en": "Your activity", "nb": "Aktiviteten din"})
    )


@pytest.fixture
def kari(db: None) -> Recipient:
    """An account holder: `kari.account` is her user, kari@example.com her verified address."""
    user = UserFactory(email="kari@example.com")
    return RecipientFactory(account=user, email=user.email, language="nb")


@pytest.fixture
def anonymous(db: None) -> Recipient:
    """A person without an account: a business prospect in Norway, known by one address."""
    return RecipientFactory(email="anonymous@example.com", relationship=Relationship.BUSINESS_PROSPECT)


@pytest.fixture
def support(db: None) -> AbstractBaseUser:
    return StaffFactory(email="support@example.com", group="support")


@pytest.fixture
def admin(db: None) -> AbstractBaseUser:
    return AdminFactory(email="admin@example.com")


@pytest.fixture
def shop(acme: Brand) -> Iterator[Site]:
    """Acme's site shop.example, which asks about preferences, statistics and marketing; published in en and nb."""
    forget_served()
    site = SiteFactory(key="shop", name="shop.example", brand=acme)
    for category in CookieCategory:
        SiteCategoryFactory(site=site, category=category)
    for name in ("_ga", "_ga_*"):
        SiteCookieFactory(site=site, category=CookieCategory.STATISTICS, name=name)
    SiteCookieFactory(
        site=site,
        category=CookieCategory.MARKETING,
        name="_fbp",
        provider="Example Ads",
        purpose=LazyI18nString({"en": "Tailors advertising to you.", "nb": "Tilpasser reklame til deg."}),
        lifetime=LazyI18nString({"en": "90 days", "nb": "90 dager"}),
    )
    with transaction.atomic():
        publish(site, now=CREATED_AT)
    yield site
    forget_served()
