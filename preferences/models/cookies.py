"""Sites that bear the cookie banner, the banner as it was published, and what was said in it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nCharField, I18nTextField
from simple_history.models import HistoricalRecords

from preferences.enums import CookieAction, CookieCategory
from preferences.models.catalogue import Brand

# The EDPB's and the CNIL's guidance: a choice about cookies is asked for again after thirteen months at the latest.
MOST_DAYS = 395


def validate_origin(value: str) -> None:
    """An origin as browsers send it (RFC 6454): scheme, host, and the port where it is not the usual one."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    written = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if not host or usual is None or port == usual or value != written or not value.isascii():
        raise ValidationError(
            _("An origin looks like https://www.example.com, in lower case, without a slash at its end."),
            code="origin",
        )


class Site(models.Model):
    """A website of a brand that shows the cookie banner."""

    key = models.SlugField(_("key"), unique=True, help_text=_("Short name for programs; never changes."))
    name = models.CharField(_("name"), max_length=80, help_text=_("As people know it: www.example.com."))
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"), related_name="sites")
    origins = ArrayField(
        models.CharField(max_length=200, validators=[validate_origin]),
        verbose_name=_("origins"),
        help_text=_("From where choices are taken: https://www.example.com, one a line."),
    )
    languages = ArrayField(
        models.CharField(max_length=12),
        verbose_name=_("languages"),
        help_text=_("In which the banner speaks. The first stands in for all others."),
    )
    title = I18nCharField(
        _("title"),
        blank=True,
        default="",
        help_text=_("Where it is empty, the standard title of the language."),
    )
    text = I18nTextField(
        _("text"),
        blank=True,
        default="",
        help_text=_("Where it is empty, the standard text of the language."),
    )
    notice_url = models.URLField(
        _("cookie notice"),
        blank=True,
        default="",
        help_text=_("Where it is empty, the brand's privacy notice."),
    )
    cookie_domain = models.CharField(
        _("cookie domain"),
        max_length=200,
        blank=True,
        default="",
        validators=[
            RegexValidator(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", _("A domain such as example.com, in lower case."))
        ],
        help_text=_("One choice for all origins below this domain. Where it is empty, each origin asks."),
    )
    days = models.PositiveSmallIntegerField(
        _("days"),
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text=_("For so long a choice holds, yes or no; then the banner asks again."),
    )
    consent_mode = models.BooleanField(
        _("Google Consent Mode"),
        default=False,
        help_text=_("Tells Google's scripts on the page what was chosen (Consent Mode v2)."),
    )
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.CheckConstraint(
                name="site_has_origin_and_language",
                condition=Q(origins__len__gt=0, languages__len__gt=0),
                violation_error_message=_("A site has at least one origin and one language."),
            ),
            models.CheckConstraint(
                name="site_days_in_range",
                condition=Q(days__gte=1, days__lte=MOST_DAYS),
                violation_error_message=_("A choice holds for 1 to 395 days."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SiteCategory(models.Model):
    """A category of cookies that a site asks about, in its own words where it wants any."""

    site = models.ForeignKey(Site, models.CASCADE, verbose_name=_("site"), related_name="categories")
    category = models.CharField(_("category"), max_length=11, choices=CookieCategory)
    description = I18nTextField(
        _("description"),
        blank=True,
        default="",
        help_text=_("Where it is empty, the standard description of the language."),
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("cookie category")
        verbose_name_plural = _("cookie categories")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "category"],
                name="site_category_once",
                violation_error_message=_("The site has this category already."),
            )
        ]

    def __str__(self) -> str:
        return str(CookieCategory(self.category).label)


class SiteCookie(models.Model):
    """A cookie, or another thing stored in the browser, that a category brings.

    A key of the database's (site, category) leads to SiteCategory: a migration makes it, for Django has no such fields.
    """

    site = models.ForeignKey(Site, models.CASCADE, verbose_name=_("site"), related_name="cookies")
    category = models.CharField(_("category"), max_length=11, choices=CookieCategory)
    name = models.CharField(
        _("name"), max_length=80, help_text=_("As it stands in the browser; * for any characters: _ga_*.")
    )
    provider = models.CharField(_("provider"), max_length=120, help_text=_("Who gets to read it."))
    purpose = I18nTextField(_("purpose"), help_text=_("What it is for, in a sentence."))
    lifetime = I18nCharField(_("lifetime"), help_text=_("Such as: 2 years."))

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("cookie")
        verbose_name_plural = _("cookies")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name", "provider"],
                name="site_cookie_once",
                violation_error_message=_("The site has this cookie already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Banner(models.Model):
    """The banner of a site as it was published: what it asks about, and every text of it in every language.

    Added by publishing and never changed (a trigger refuses). The newest is what people see. `version` counts up
    where what a category does has changed, and only then is everybody asked again. The shape of `content` stands in
    preferences/cookies/publish.py.
    """

    site = models.ForeignKey(Site, models.PROTECT, verbose_name=_("site"), related_name="banners")
    version = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"))
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        verbose_name = _("published banner")
        verbose_name_plural = _("published banners")
        indexes = [models.Index(fields=["site", "-id"], name="banner_newest_of_site")]

    def __str__(self) -> str:
        return f"{self.site_id}/{self.version}"


class CookieConsent(models.Model):
    """What one browser said in the banner of one site; refusing is kept too. Never changed (a trigger refuses).

    `consent` is a random id that the browser made; everything it says about the site later bears the same one, and
    `sequence` counts. No network address and nothing of the person is kept. `categories` are those granted, the
    necessary ones always among them, `wordings` the hashes of the texts that were shown.

    One key of the database's (banner, site, version) leads to Banner: a migration makes it, as Django has no such
    fields.
    """

    consent = models.UUIDField(_("consent id"))
    sequence = models.PositiveIntegerField(_("number"))
    site = models.ForeignKey(
        Site,
        models.PROTECT,
        verbose_name=_("site"),
        related_name="consents",
        db_index=False,
        db_constraint=False,
    )
    banner = models.ForeignKey(
        Banner, models.PROTECT, verbose_name=_("banner"), db_index=False, db_constraint=False
    )
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=12)
    wordings = ArrayField(models.CharField(max_length=64), verbose_name=_("wordings"))
    action = models.CharField(_("action"), max_length=10, choices=CookieAction)
    categories = ArrayField(
        models.CharField(max_length=11, choices=CookieCategory), verbose_name=_("categories granted")
    )
    gpc = models.BooleanField(_("privacy signal"), help_text=_("The browser sent Global Privacy Control."))
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("cookie consent")
        verbose_name_plural = _("cookie consents")
        permissions = [("export_cookieconsent", "Can export cookie consents")]
        constraints = [
            # Two sites that are told the same id at once cannot both be the first; see cookies/record.py.
            models.UniqueConstraint(fields=["consent", "sequence"], name="cookie_consent_in_order"),
            models.CheckConstraint(
                name="cookie_consent_categories",
                condition=Q(
                    categories__contains=[CookieCategory.NECESSARY.value],
                    categories__contained_by=CookieCategory.values,
                ),
            ),
            models.CheckConstraint(name="cookie_consent_action", condition=Q(action__in=CookieAction.values)),
        ]
        indexes = [
            # Rows come in the order of time, and a B-tree would have to be kept up with each of them.
            BrinIndex(fields=["recorded_at"], name="cookie_consent_by_time")
        ]

    def __str__(self) -> str:
        return f"{self.consent}/{self.sequence}"
