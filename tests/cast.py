"""The fixed cast: the same few people and the same small catalogue in every test that wants no others.

    def test_kari_stops_news(kari, news): ...

Nobody has said anything yet. `kari` lives in Norway and has an account, `anonymous` has none;
`support` and `admin` are staff.
"""

import pytest
from django.contrib.auth.models import AbstractBaseUser
from i18nfield.strings import LazyI18nString

from preferences.enums import Channel, Relationship
from preferences.models import Brand, ProfilingPurpose, Recipient, Topic
from tests.factories import (
    AdminFactory,
    BrandFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
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
