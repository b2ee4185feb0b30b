"""The factories hold to what they promise: valid rows, and nothing said."""

import pytest

from preferences.models import Choice, Event
from tests import factories

pytestmark = pytest.mark.django_db

FACTORIES = [
    factories.BrandFactory,
    factories.TopicFactory,
    factories.ProfilingPurposeFactory,
    factories.RecipientFactory,
    factories.ContactPointFactory,
    factories.UserFactory,
    factories.StaffFactory,
    factories.AdminFactory,
    factories.SiteFactory,
    factories.SiteCategoryFactory,
    factories.SiteCookieFactory,
]


@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
def test_rows_are_valid_and_nothing_is_said(make):
    for row in make.create_batch(2):
        row.full_clean()
    assert not Event.objects.exists()
    assert not Choice.objects.exists()
