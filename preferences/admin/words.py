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
    Reason.SERVICE_MESSAGE: _("Service message"),
    Reason.RECIPIENT_UNKNOWN: _("Unknown person"),
    Reason.ERASED: _("Erased"),
    Reason.PURPOSE_RETIRED: _("No longer offered"),
    Reason.CHANNEL_NOT_OFFERED: _("Not offered on this channel"),
    Reason.CHOICE_OPTED_IN: _("Said yes"),
    Reason.CHOICE_OPTED_OUT: _("Stopped"),
    Reason.CHOICE_OPTED_OUT_BROADLY: _("Stopped together with other things"),
    Reason.CHOICE_PENDING: _("Not confirmed yet"),
    Reason.CHOICE_PENDING_EXPIRED: _("Not confirmed in time"),
    Reason.CHOICE_UNCONFIRMED: _("Said yes without the confirmation the law asks for"),
    Reason.NUMBER_UNCONFIRMED: _("Said yes; the number or address itself is not confirmed"),
    Reason.LAW_ALLOWS: _("Nothing said; the law allows it"),
    Reason.LAW_ALLOWS_CUSTOMERS: _("Nothing said; the law allows it to customers"),
    Reason.LAW_REQUIRES_CONSENT: _("Nothing said; the law asks for consent"),
    Reason.LAW_REQUIRES_SALE: _("Nothing said; no sale on record that would allow it"),
    Reason.BELOW_MINIMUM_AGE: _("Too young"),
    Reason.AGE_UNKNOWN: _("Age unknown"),
    Reason.ON_REGISTER: _("Number in the do-not-call register"),
    Reason.REGISTER_NOT_SCREENED: _("Do-not-call register not checked lately"),
    Reason.SUPPRESSED: _("Address suppressed"),
    Reason.NO_CONTACT_POINT: _("No address or number on file"),
    Reason.UNREACHABLE: _("Address unreachable"),
}

# What a mail server finds out about a sender (RFC 8601): a good sign, a bad one or neither, and in words.
FINDINGS = {
    "dmarc": {
        "pass": ("yes", _("The sender's domain stands by it")),
        "fail": ("no", _("The sender's domain does not stand by it: somebody else may have sent it")),
        "none": ("", _("The sender's domain has no policy")),
    },
    "dkim": {
        "pass": ("yes", _("Signed, and not changed on the way")),
        "fail": ("no", _("The signature is wrong")),
        "none": ("", _("Not signed")),
    },
    "spf": {
        "pass": ("yes", _("Came from a server that may send for the domain")),
        "fail": ("no", _("Came from a server that may not send for the domain")),
        "softfail": ("no", _("Came from a server that probably may not send for the domain")),
        "neutral": ("", _("The domain does not say which servers may send for it")),
        "none": ("", _("The domain does not say which servers may send for it")),
    },
}
