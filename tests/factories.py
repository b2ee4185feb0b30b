"""Rows for tests, each valid by itself. None is an Event or a Choice: tests say things through the ledger.

The catalogue comes in two languages, so that a test in Norwegian has words to find. Call with
`.create_batch(n)` for many; every address, key and name is unique within a run.
"""

import datetime as dt

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from i18nfield.strings import LazyI18nString

from preferences.enums import (
    Channel,
    ContactKind,
    CookieCategory,
    Kind,
    ProfilingUse,
    Relationship,
    Requirement,
)
from preferences.imports.rules import publish_rules
from preferences.models import (
    Brand,
    ContactPoint,
    ProfilingPurpose,
    Recipient,
    Site,
    SiteCategory,
    SiteCookie,
    Topic,
)

# Before anything a test lets people say.
CREATED_AT = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
PASSWORD = "correct horse battery staple"


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand

    key = factory.Sequence(lambda n: f"brand-{n}")
    name = factory.Sequence(lambda n: f"Brand {n}")
    legal_entity = factory.LazyAttribute(lambda brand: f"{brand.name} AS")
    privacy_notice_url = factory.LazyAttribute(lambda brand: f"https://{brand.key}.example.com/privacy")
    sender_name = factory.SelfAttribute("name")
    sender_email = factory.LazyAttribute(lambda brand: f"news@{brand.key}.example.com")


class TopicFactory(factory.django.DjangoModelFactory):
    """A topic offered by e-mail and text message, of a brand of its own unless one is given."""

    class Meta:
        model = Topic

    kind = Kind.MARKETING
    key = factory.Sequence(lambda n: f"topic-{n}")
    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: LazyI18nString({"en": f"Topic {n}", "nb": f"Tema {n}"}))
    description = factory.Sequence(
        lambda n: LazyI18nString({"en": f"News about {n}, monthly.", "nb": f"Nytt om {n}, hver måned."})
    )
    channels = factory.LazyFunction(lambda: [Channel.EMAIL.value, Channel.SMS.value])


class ProfilingPurposeFactory(factory.django.DjangoModelFactory):
    """A profiling purpose that is in use until the person objects."""

    class Meta:
        model = ProfilingPurpose

    kind = Kind.PROFILING
    key = factory.Sequence(lambda n: f"profiling-{n}")
    name = factory.Sequence(lambda n: LazyI18nString({"en": f"Purpose {n}", "nb": f"Formål {n}"}))
    description = factory.Sequence(
        lambda n: LazyI18nString({"en": f"Tailors offers, way {n}.", "nb": f"Tilpasser tilbud, måte {n}."})
    )
    data_used = factory.LazyFunction(
        lambda: LazyI18nString({"en": "Pages visited and clicks.", "nb": "Besøkte sider og klikk."})
    )
    requirement = Requirement.OPT_OUT
    use = ProfilingUse.OTHER

    @classmethod
    def _create(cls, model_class, *args, **columns):
        purpose = super()._create(model_class, *args, **columns)
        publish_rules(now=CREATED_AT)
        return purpose


class RecipientFactory(factory.django.DjangoModelFactory):
    """A Norwegian business customer with one e-mail address; `email=None` for somebody without."""

    class Meta:
        model = Recipient

    language = "en"
    country = "NO"
    relationship = Relationship.BUSINESS_CUSTOMER
    created_at = CREATED_AT
    email = factory.Sequence(lambda n: f"person{n}@example.com")

    @classmethod
    def _create(cls, model_class, *args, email, **columns):
        recipient = super()._create(model_class, *args, **columns)
        if email:
            ContactPointFactory(recipient=recipient, value=email)
        return recipient


class ContactPointFactory(factory.django.DjangoModelFactory):
    """An e-mail address by default; give `kind` and `value` for a number or a postal address."""

    class Meta:
        model = ContactPoint

    recipient = factory.SubFactory(RecipientFactory, email=None)
    kind = ContactKind.EMAIL
    value = factory.Sequence(lambda n: f"address{n}@example.com")
    created_at = CREATED_AT

    @classmethod
    def _create(cls, model_class, *args, recipient, kind, value, created_at, **columns):
        point = model_class.objects.make(recipient=recipient.pk, kind=kind, value=value, now=created_at)
        for name, column in columns.items():
            setattr(point, name, column)
        point.save()
        return point


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody who can sign in with PASSWORD; `verified=False` leaves the address unverified.

    Has no recipient: `RecipientFactory(account=user, email=user.email)` makes an account holder.
    """

    class Meta:
        model = get_user_model()

    email = factory.Sequence(lambda n: f"account{n}@example.com")
    password = PASSWORD
    verified = True

    @classmethod
    def _create(cls, model_class, *args, verified, **columns):
        user = model_class.objects.create_user(*args, **columns)
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
        return user


class StaffFactory(UserFactory):
    """A member of one staff group: support, editors or auditors; `group=None` for none."""

    email = factory.Sequence(lambda n: f"staff{n}@example.com")
    is_staff = True
    group = "support"

    @classmethod
    def _create(cls, model_class, *args, group, **columns):
        user = super()._create(model_class, *args, **columns)
        if group:
            user.groups.add(Group.objects.get_or_create(name=group)[0])
        return user


class AdminFactory(UserFactory):
    """A superuser."""

    email = factory.Sequence(lambda n: f"admin{n}@example.com")
    is_staff = True
    is_superuser = True


class SiteFactory(factory.django.DjangoModelFactory):
    """A site in English and Norwegian that is not published: it has no categories yet."""

    class Meta:
        model = Site

    key = factory.Sequence(lambda n: f"site-{n}")
    name = factory.LazyAttribute(lambda site: f"{site.key}.example")
    brand = factory.SubFactory(BrandFactory)
    origins = factory.LazyAttribute(lambda site: [f"https://{site.name}"])
    languages = factory.LazyFunction(lambda: ["en", "nb"])


class SiteCategoryFactory(factory.django.DjangoModelFactory):
    """A category that a site asks about, described in the standard words."""

    class Meta:
        model = SiteCategory

    site = factory.SubFactory(SiteFactory)
    category = CookieCategory.STATISTICS


class SiteCookieFactory(factory.django.DjangoModelFactory):
    """A cookie of a site; the category it is in is added to the site where it lacks it."""

    class Meta:
        model = SiteCookie

    site = factory.SubFactory(SiteFactory)
    category = CookieCategory.STATISTICS
    name = factory.Sequence(lambda n: f"_cookie{n}")
    provider = "Example Analytics"
    purpose = factory.LazyFunction(
        lambda: LazyI18nString({"en": "Tells visits apart.", "nb": "Skiller besøk fra hverandre."})
    )
    lifetime = factory.LazyFunction(lambda: LazyI18nString({"en": "2 years", "nb": "2 år"}))

    @classmethod
    def _create(cls, model_class, *args, site, category, **columns):
        SiteCategory.objects.get_or_create(site=site, category=category)
        return super()._create(model_class, *args, site=site, category=category, **columns)
