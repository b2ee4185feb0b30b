"""Every stored word, each with the sentence a person or a staff member reads for it."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(TextChoices):
    """What a statement is about. Refusing one kind never touches the other."""

    MARKETING = "marketing", _("Marketing")
    PROFILING = "profiling", _("Profiling")


class Channel(TextChoices):
    """How marketing reaches a person."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PHONE = "phone", _("Phone call")
    POST = "post", _("Letter")
    IN_PRODUCT = "in_product", _("In the product")
    WEB = "web", _("On the website")
    SOCIAL = "social", _("Social media")


class State(TextChoices):
    """What was said. `unstated` is never a Choice: an Event bears it where nothing was, or is again, said."""

    OPTED_IN = "opted_in", pgettext_lazy("state", "Yes")
    OPTED_OUT = "opted_out", pgettext_lazy("state", "No")
    PENDING = "pending", pgettext_lazy("state", "Waiting for confirmation")
    UNSTATED = "unstated", pgettext_lazy("state", "Nothing said")


class Source(TextChoices):
    """How a statement reached us, in words the person it concerns understands."""

    LINK = "link", _("You, through a link in a message")
    ONE_CLICK = "one_click", _("The unsubscribe button of your mail program")
    ACCOUNT = "account", _("You, in your account")
    EMAIL_REQUEST = "email_request", _("An e-mail you wrote to us")
    STAFF = "staff", _("Our staff, at your request")
    API = "api", _("Another of our systems")
    IMPORT = "import", _("A list taken over from an earlier system")
    COOKIE_BANNER = "cookie_banner", _("The cookie banner")
    GPC = "gpc", _("The privacy signal of your browser")
    COMPLAINT = "complaint", _("A message you reported as spam")
    BOUNCE = "bounce", _("A message that could not be delivered")
    UNDO = "undo", _("You took an earlier change back")
    MERGE = "merge", _("Two of your addresses were brought together")
    ERASURE = "erasure", _("Your data was erased")


class Actor(TextChoices):
    """Who made the statement. Staff are named in the event's `staff` column besides."""

    RECIPIENT = "recipient", _("The person")
    STAFF = "staff", _("Staff")
    SYSTEM = "system", _("A system")


class Route(TextChoices):
    """How a request that staff act on came in."""

    PHONE = "phone", _("Phone call")
    LETTER = "letter", _("Letter")
    EMAIL = "email", _("E-mail")
    CHAT = "chat", _("Chat")
    IN_PERSON = "in_person", _("In person")
    AUTHORITY = "authority", _("Through an authority or lawyer")


class Relationship(TextChoices):
    """What the person is to the group: national law treats the four differently."""

    CONSUMER_PROSPECT = "consumer_prospect", _("Consumer, not a customer")
    CONSUMER_CUSTOMER = "consumer_customer", _("Consumer, customer")
    BUSINESS_PROSPECT = "business_prospect", _("Business contact, not a customer")
    BUSINESS_CUSTOMER = "business_customer", _("Business contact of a customer")


class ContactKind(TextChoices):
    """The kind of address or number a contact point is."""

    EMAIL = "email", _("E-mail address")
    PHONE = "phone", _("Phone number")
    POSTAL = "postal", _("Postal address")


class Requirement(TextChoices):
    """Which permission national law asks for, from the strictest to the laxest."""

    DOUBLE_OPT_IN = "double_opt_in", _("Confirmed consent")
    OPT_IN = "opt_in", _("Consent")
    SOFT_OPT_IN = "soft_opt_in", _("A sale with the chance to refuse, or consent")
    OPT_OUT = "opt_out", _("None, until the person objects")


class Confidence(TextChoices):
    """How sure the research behind a rule is."""

    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", pgettext_lazy("confidence", "Low")


class ProfilingUse(TextChoices):
    """What a profiling purpose does with the data, as far as national law tells uses apart."""

    ACTIVITY = "activity", _("Pages, clicks, device and IP address")
    CUSTOMER_RELATIONSHIP = "customer_relationship", _("Combining with the customer data of the company")
    EMAIL_TRACKING = "email_tracking", _("Opens and clicks in e-mail")
    OTHER = "other", _("Another use")


class MessageClass(TextChoices):
    """What a message is. Service messages are never stopped by a choice."""

    MARKETING = "marketing", _("Marketing message")
    SERVICE = "service", _("Service message")


class SuppressionKind(TextChoices):
    """What a suppression holds for."""

    ADDRESS = "address", _("One address or number")
    DOMAIN = "domain", _("Every e-mail address of a domain")


class SuppressionReason(TextChoices):
    """Why an address or a domain must not get marketing."""

    ERASURE = "erasure", _("The person had their data erased")
    REQUEST = "request", _("Asked for by whoever the address belongs to")
    COMPLAINT = "complaint", _("Complained to a mailbox provider")
    AUTHORITY = "authority", _("Demanded by an authority or lawyer")
    COMPETITOR = "competitor", _("A competitor or a partner who wants none")
    OTHER = "other", pgettext_lazy("suppression", "Another reason")


class LegalBasis(TextChoices):
    """Why the company may process the data, or what the statement was in law."""

    CONSENT = "consent", _("Consent, GDPR article 6(1)(a)")
    CONTRACT = "contract", _("Performance of a contract, GDPR article 6(1)(b)")
    OBJECTION = "objection", _("Objection or withdrawal, GDPR articles 21(2) and 7(3)")
    LEGITIMATE_INTEREST = "legitimate_interest", _("Legitimate interest, GDPR article 6(1)(f)")


class Outcome(TextChoices):
    """What became of one change handed to the ledger."""

    CHANGED = "changed", _("Changed")
    ALREADY_SO = "already_so", _("It was already so")
    REFUSED = "refused", _("Refused")
    SUPERSEDED = "superseded", _("Kept in the history: something newer has been said since")


class Refusal(TextChoices):
    """Why the ledger refused a change. Narrowing is refused only for what is missing or wrong in its evidence."""

    STALE = "stale", _("This was stopped after the page was opened. Look at the page again, then decide.")
    VERSION_UNKNOWN = "version_unknown", _("The page you sent cannot be recognised. Open it again.")
    LINK_TOO_OLD = "link_too_old", _("This link may still stop things, but it is too old to start them.")
    MAY_ONLY_NARROW = "may_only_narrow", _("This way of telling us can only stop things, not start them.")
    ALREADY_STATED = "already_stated", _("The person has decided this; it cannot be switched on this way.")
    EVIDENCE_MISSING = "evidence_missing", _("The route, the time and the reason of the request are missing.")
    PERSONAL_DATA = "personal_data", _("The reason names an address or a number; the history must not.")
    TOO_BROAD = "too_broad", _("A yes is given for one topic on one channel, or for one profiling purpose.")
    PURPOSE_UNKNOWN = "purpose_unknown", _("There is no such topic or profiling purpose.")
    PURPOSE_RETIRED = "purpose_retired", _("This is no longer offered: it can be stopped, but not started.")
    CHANNEL_NOT_OFFERED = "channel_not_offered", _("This topic is not offered on that channel.")
    IN_THE_FUTURE = "in_the_future", _("The time given has not come yet.")
    NEWER_STATEMENT = "newer_statement", _("Something newer has been said since; there is nothing to undo.")
    ALREADY_UNDONE = "already_undone", _("This has already been undone.")
    NOT_UNDOABLE = "not_undoable", _("This change cannot be undone.")


class Reason(TextChoices):
    """Why the read path answers as it does: the sentence beside a switch. `{brand}` stands for the brand's name."""

    SERVICE_MESSAGE = "service_message", _("Service messages always reach you.")
    RECIPIENT_UNKNOWN = "recipient_unknown", _("We do not know this person.")
    ERASED = "erased", _("The data of this person was erased.")
    PURPOSE_RETIRED = "purpose_retired", _("This is no longer offered.")
    CHANNEL_NOT_OFFERED = "channel_not_offered", _("This is not offered on that channel.")
    CHOICE_OPTED_IN = "choice_opted_in", _("You said yes.")
    CHOICE_OPTED_OUT = "choice_opted_out", _("You stopped this.")
    CHOICE_OPTED_OUT_BROADLY = "choice_opted_out_broadly", _("You stopped this together with other things.")
    CHOICE_PENDING = (
        "choice_pending",
        _("You have yet to confirm this, by the link in the e-mail we sent you."),
    )
    CHOICE_PENDING_EXPIRED = (
        "choice_pending_expired",
        _("You said yes and did not confirm it in time. Switch it on again to get a new e-mail."),
    )
    CHOICE_UNCONFIRMED = (
        "choice_unconfirmed",
        _("You said yes, but the law of your country asks you to confirm it. Switch it on to get an e-mail."),
    )
    NUMBER_UNCONFIRMED = (
        "number_unconfirmed",
        _(
            "You said yes, but the law of your country wants this number or address itself confirmed. We cannot yet."
        ),
    )
    LAW_ALLOWS = "law_allows", _("The law lets us, until you say no.")
    LAW_ALLOWS_CUSTOMERS = (
        "law_allows_customers",
        _("Because you are a customer of {brand}; you can stop it."),
    )
    LAW_REQUIRES_CONSENT = "law_requires_consent", _("Only if you say yes.")
    LAW_REQUIRES_SALE = (
        "law_requires_sale",
        _("Only if you say yes: no purchase from {brand} is on record that would allow it."),
    )
    BELOW_MINIMUM_AGE = "below_minimum_age", _("You are too young for this by the law of your country.")
    AGE_UNKNOWN = "age_unknown", _("We do not know whether you are old enough by the law of your country.")
    ON_REGISTER = "on_register", _("Your number is in the do-not-call register. Only if you say yes.")
    REGISTER_NOT_SCREENED = (
        "register_not_screened",
        _("We have not checked the do-not-call register lately. Only if you say yes."),
    )
    SUPPRESSED = (
        "suppressed",
        _("Your address is on our do-not-contact list. Write to us to be taken off it."),
    )
    NO_CONTACT_POINT = "no_contact_point", _("We have no address or number of yours for this.")
    UNREACHABLE = "unreachable", _("Messages to your address come back, so nothing is sent.")


class Intake(TextChoices):
    """The way by which an e-mail came in."""

    LISTENER = "listener", _("The SMTP or LMTP listener")
    PIPE = "pipe", _("A pipe from the mail server")
    WEBHOOK = "webhook", _("The e-mail service's webhook")
    MAILBOX = "mailbox", _("A mailbox that is polled")


class MessageKind(TextChoices):
    """What a message that came in is about, as far as it was understood."""

    STOP_LINK = "stop_link", _("Unsubscribe message of a mail program")
    STOP = "stop", _("Wants no more marketing")
    PROFILING = "profiling", _("Objects to profiling")
    START = "start", _("Wants to get something")
    ACCESS = "access", _("Wants to know what is on record")
    ERASURE = "erasure", _("Wants data erased")
    UNCLEAR = "unclear", _("Something else, or unclear")
    BOUNCE = "bounce", _("A message came back")
    COMPLAINT = "complaint", _("Reported as spam")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    MAILING_LIST = "mailing_list", _("Sent through a mailing list")


class MessageState(TextChoices):
    """What became of a message that came in."""

    RECEIVED = "received", _("Received, not looked at yet")
    WAITING = "waiting", _("Waits for staff")
    ACTED = "acted", _("Acted on automatically")
    SETTLED = "settled", _("Settled by staff")
    DISMISSED = "dismissed", _("Not a request")
    IGNORED = "ignored", _("Nothing to do")


class Hold(TextChoices):
    """Why a message waits for staff."""

    SENDER_UNKNOWN = "sender_unknown", _("Nobody on record has this address.")
    SENDER_AMBIGUOUS = "sender_ambiguous", _("The addresses in it belong to different people.")
    SENDER_DOUBTFUL = "sender_doubtful", _("The mail server found that somebody else may have sent it.")
    SENDER_ERASED = "sender_erased", _("Whoever had this address had their data erased.")
    TOKEN_UNKNOWN = "token_unknown", _("The unsubscribe token in it cannot be read.")
    BRAND_UNKNOWN = "brand_unknown", _("It is not clear which brand it was written to.")
    NOT_SURE = "not_sure", _("It may be a request, but that is not certain.")
    NEEDS_ANSWER = "needs_answer", _("It asks for something only a person can answer.")
    MACHINE = "machine", _("A program or a mailing list sent it on, so nothing is done by itself.")
    OTHER_TEXT = "other_text", _("The same message came again, with another text or to another address.")
    UNREADABLE = "unreadable", _("It could not be read.")


class MailKind(TextChoices):
    """The few mails we send ourselves. All of them are service messages."""

    LINK = "link", _("The link to one's choices")
    CONFIRMATION = "confirmation", _("Please confirm")
    CHANGE = "change", _("What changed, with the way back")
    ANSWER = "answer", _("Answer to an e-mail")


class AttemptOutcome(TextChoices):
    """What became of one attempt to hand a mail to the mail server."""

    SENT = "sent", _("Handed over")
    PUT_OFF = "put_off", _("Not now; tried again later")
    GIVEN_UP = "given_up", _("Given up")


class CookieCategory(TextChoices):
    """What cookies are for. Only the necessary ones come without being asked for."""

    NECESSARY = "necessary", _("Necessary")
    PREFERENCES = "preferences", _("Preferences")
    STATISTICS = "statistics", _("Statistics")
    MARKETING = "marketing", pgettext_lazy("cookies", "Marketing")


class CookieAction(TextChoices):
    """What somebody pressed in the cookie banner, or on the page that stands in for it."""

    ACCEPT_ALL = "accept_all", _("Accepted all")
    REFUSE_ALL = "refuse_all", _("Refused all")
    SAVE = "save", _("Chose by category")
