"""The sentences staff read where the stored ones speak to the person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from preferences.enums import Reason, Source

SOURCES = {
    Source.LINK: _("Link in a message"),
    Source.ONE_CLICK: _("Unsubscribe button of the mail program"),
    Source.ACCOUNT: _("Account"),
    Source.EMAIL_REQUEST: _("E-mail request"),
    Source.STAFF: _("Staff, on the person's behalf"),
    Source.API: _("Another system"),
    Source.IMPORT: _("Import"),
    Source.COOKIE_BANNER: _("Cookie banner"),
    Source.GPC: _("Privacy signal of the browser"),
    Source.COMPLAINT: _("Spam complaint"),
    Source.BOUNCE: _("Bounce"),
    Source.UNDO: _("Undo"),
    Source.MERGE: _("Merge"),
    Source.ERASURE: _("Erasure"),
}

REASONS = {
    Reason.CHOICE_OPTED_IN: _("Said yes"),
    Reason.CHOICE_OPTED_OUT: _("Stopped"),
    Reason.CHOICE_OPTED_OUT_BROADLY: _("Stopped together with other things"),
    Reason.CHOICE_PENDING: _("Not confirmed yet"),
    Reason.LAW_ALLOWS: _("Nothing said; the law allows it"),
    Reason.LAW_REQUIRES_CONSENT: _("Nothing said; the law asks for consent"),
}
