from preferences.models.api import ApiAllowance, ApiAnswer, ApiClient
from preferences.models.catalogue import Brand, ProfilingPurpose, Purpose, Topic
from preferences.models.cookies import Banner, CookieConsent, Site, SiteCategory, SiteCookie
from preferences.models.ledger import Choice, Event, Merge
from preferences.models.mail import (
    AnswerTemplate,
    Bounce,
    ChangeNotice,
    Mail,
    MailAttempt,
    Message,
    MessageAct,
    MessageCopy,
)
from preferences.models.recipients import ConfirmationRequest, ContactPoint, LinkRequest, Recipient, Sale
from preferences.models.rules import MarketingRule, ProfilingRule, PublishedRules
from preferences.models.suppression import Suppression
from preferences.models.wording import Wording, WordingTemplate

__all__ = [
    "AnswerTemplate",
    "ApiAllowance",
    "ApiAnswer",
    "ApiClient",
    "Banner",
    "Bounce",
    "Brand",
    "ChangeNotice",
    "Choice",
    "ConfirmationRequest",
    "ContactPoint",
    "CookieConsent",
    "Event",
    "LinkRequest",
    "Mail",
    "MailAttempt",
    "MarketingRule",
    "Merge",
    "Message",
    "MessageAct",
    "MessageCopy",
    "ProfilingPurpose",
    "ProfilingRule",
    "PublishedRules",
    "Purpose",
    "Recipient",
    "Sale",
    "Site",
    "SiteCategory",
    "SiteCookie",
    "Suppression",
    "Topic",
    "Wording",
    "WordingTemplate",
]
