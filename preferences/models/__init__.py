from preferences.models.catalogue import Brand, ProfilingPurpose, Purpose, Topic
from preferences.models.ledger import Choice, Event, Merge
from preferences.models.recipients import ContactPoint, LinkRequest, Recipient
from preferences.models.wording import Wording, WordingTemplate

__all__ = [
    "Brand",
    "Choice",
    "ContactPoint",
    "Event",
    "LinkRequest",
    "Merge",
    "ProfilingPurpose",
    "Purpose",
    "Recipient",
    "Topic",
    "Wording",
    "WordingTemplate",
]
