"""Read the reports that mail servers send about mail of ours: it could not be delivered, somebody called it spam.

Strangers write all of this. Nothing here raises on any bytes, and the time it takes grows with their number alone: only
the parts directly below the top are looked at, however deep it goes on, and of each only a beginning is read.
"""

from __future__ import annotations

from preferences.inbox.decode_text import decode_transfer
from preferences.inbox.plain_bounce import read_plain_bounce
from preferences.inbox.report_fields import (
    Fields,
    find_addresses,
    find_message_id,
    find_stop_token,
    find_typed_addresses,
    first,
    read_fields,
    read_groups,
)
from preferences.inbox.reported import Complaint, Failure, Reports
from preferences.inbox.split_mime import Part, split_mime
from preferences.inbox.statuses import assess

_LARGEST_PART = 256 * 1024
_MOST_RECIPIENTS = 100

_DELIVERY_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_FEEDBACK_REPORT = "message/feedback-report"
_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
}
# RFC 5965 7.3; the last two come from its drafts and are sent still. Not among them: virus, not-spam, auth-failure,
# dmarc and other, by which nobody says that they want no more.
_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
_NO_FAILURES = {"delivered", "relayed", "expanded", "delayed"}
_MAIL_SERVERS = {"mailer-daemon", "postmaster"}
_MICROSOFT = {"hotmail.com", "outlook.com", "live.com", "microsoft.com"}


def read_reports(raw: bytes) -> Reports | None:
    """The reports in an e-mail; None where it is none.

    A person may attach a report to a mail of theirs: it only counts in a multipart/report (RFC 6522). Read are delivery
    status notifications (RFC 3464, RFC 6533), complaints (RFC 5965, and Outlook's, which attaches the mail), and, where
    a mail server wrote them, the bounces of qmail and those with X-Failed-Recipients (Exim, Gmail). Any other bounce in
    plain words is none to us: it cannot be surely read. That mail is late is no failure, for it may still arrive; where
    it does not, another report follows.
    """
    message, *below = split_mime(raw).parts
    parts = [part for part in below if part.parent is message]
    about = read_fields(raw[: message.start][:_LARGEST_PART].decode(errors="replace"))
    returned = next((read_fields(_text(part, raw)) for part in parts if part.media_type in _RETURNED), {})
    for part in parts if message.media_type == "multipart/report" else []:
        if part.media_type in _DELIVERY_STATUS:
            return Reports(failures=_failures(_text(part, raw), about=about, returned=returned))
        if part.media_type == _FEEDBACK_REPORT:
            complaints = _complaints(read_fields(_text(part, raw)), returned=returned)
            return Reports(complaints=complaints, is_feedback=True)
    senders = find_addresses(about.get("from", ()))
    if "x-hmxmroriginalrecipient" in returned and any(_domain(sender) in _MICROSOFT for sender in senders):
        return Reports(complaints=(_complaint({}, returned=returned, kind="abuse"),), is_feedback=True)
    if not message.is_multipart and any(sender.partition("@")[0] in _MAIL_SERVERS for sender in senders):
        return read_plain_bounce(_text(message, raw), fields=about)
    return None


def _failures(text: str, *, about: Fields, returned: Fields) -> tuple[Failure, ...]:
    """What a message/delivery-status says has failed: a group of fields for the message, then one per recipient."""
    groups = read_groups(text)[: _MOST_RECIPIENTS + 1]
    named = [first(returned, "message-id")]
    named += [first(group, "x-original-message-id") for group in groups[:1]]
    named += [first(about, "in-reply-to")]
    message_id = next(filter(None, map(find_message_id, named)), "")
    stop_token = find_stop_token(returned)
    failures = []
    for group in groups:
        told = [*group.get("original-recipient", ()), *group.get("final-recipient", ())]
        action = first(group, "action").partition("(")[0].strip().lower()
        status = first(group, "status")
        if not told or action in _NO_FAILURES or status.startswith("2.") or not (action or status):
            continue
        assessment = assess(status=status, diagnostic=first(group, "diagnostic-code"))
        failures.append(
            Failure(
                addresses=find_typed_addresses(told),
                message_id=message_id,
                stop_token=stop_token,
                permanent=assessment.permanent,
                status=assessment.status,
            )
        )
    return tuple(failures)


def _complaints(report: Fields, *, returned: Fields) -> tuple[Complaint, ...]:
    """The complaint in a message/feedback-report; none where it is of a type that asks for nothing."""
    kind = first(report, "feedback-type").lower()
    return (_complaint(report, returned=returned, kind=kind),) if kind in _COMPLAINTS else ()


def _complaint(report: Fields, *, returned: Fields, kind: str) -> Complaint:
    told = [
        *report.get("original-rcpt-to", ()),
        *report.get("removal-recipient", ()),
        *returned.get("x-hmxmroriginalrecipient", ()),
    ]
    return Complaint(
        # Many services hide the address there, and leave it in the mail.
        addresses=find_typed_addresses(told) or find_addresses(returned.get("to", ())),
        message_id=find_message_id(first(returned, "message-id")),
        stop_token=find_stop_token(returned),
        type=kind,
    )


def _text(part: Part, raw: bytes) -> str:
    body = raw[part.start : min(part.end, part.start + _LARGEST_PART)]
    encoding = part.first("content-transfer-encoding").decode("ascii", "replace")
    return decode_transfer(body, encoding).decode(errors="replace")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
