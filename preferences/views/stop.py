"""The stop link, `/u/<token>/`: one page for people, one POST for mailbox providers (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences import ledger
from preferences.decisions.in_words import in_words
from preferences.decisions.wording import Words, current_words
from preferences.enums import Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Brand, Purpose
from preferences.models.wording import WordingKey, WordingText
from preferences.scope import Scope
from preferences.tokens import StopToken, TokenInvalid, read_stop_token
from preferences.views.language import prefer_language
from preferences.views.linked import LinkUnreadable, contact_point_of, link_page, recipient_of
from preferences.views.outcomes import OutcomeLine, outcome_lines
from preferences.views.privacy_signal import sends_gpc, signal_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOffer:
    """A button of the stop page. `value` names it in the form, `reach` is the sentence that says what it stops.

    `name` is what the history calls the scope.
    """

    value: str
    label: str
    name: str
    reach: str
    change: Change


@link_page
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be stopped; on POST stop it. What was stopped before is told to nobody who only opens the page.

    It stops for the person the token names, even where the address the message went to is gone or another's by now.
    Where the browser sends Global Privacy Control, that goes on record besides, after the stop.

    A POST that names none of the page's buttons never gets here: see config.programs.
    """
    try:
        read = read_stop_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    point = contact_point_of(recipient=read.recipient, contact_point=read.contact_point)
    recipient = point.recipient if point else recipient_of(recipient=read.recipient)
    prefer_language(request, recipient.language)
    topic = Purpose.objects.select_related("brand").filter(pk=read.topic).first()
    if topic is None or topic.brand is None:
        raise LinkUnreadable
    words = current_words()
    offers = _offers(token=read, topic=topic, brand=topic.brand, words=words)
    context = {
        "brand": topic.brand,
        "address": point.masked if point else "",
        "service_sentence": words.say(WordingKey.SERVICE),
        "offers": offers,
    }
    if request.method != "POST":
        return render(request, "preferences/stop.html", context)

    chosen = next((offer for offer in offers if offer.value == request.POST.get("stop")), None)
    if chosen is None:
        unknown = _("This button is not known. Nothing was changed. Please choose one of these.")
        return render(request, "preferences/stop.html", {**context, "error": unknown}, status=400)
    now = timezone.now()
    address = point.pk if point else None
    changes, evidence = [chosen.change], Evidence(source=Source.LINK)
    by_signal: list[OutcomeLine] = []
    if sends_gpc(request):
        signal, recorded = ledger.record_under_gpc(
            recipient=recipient.pk, changes=changes, evidence=evidence, now=now
        )
        by_signal = signal_lines(results=signal.results, contact_point=address, now=now)
    else:
        recorded = ledger.record(recipient=recipient.pk, changes=changes, evidence=evidence, now=now)
    outcomes = outcome_lines(
        results=recorded.results,
        names={chosen.change.scope: chosen.name},
        contact_point=address,
        now=now,
    )
    rest = [offer for offer in offers if not chosen.change.scope.covers(offer.change.scope)]
    return render(
        request,
        "preferences/stopped.html",
        {**context, "outcomes": outcomes, "by_signal": by_signal, "offers": rest},
    )


def _offers(*, token: StopToken, topic: Purpose, brand: Brand, words: Words) -> list[StopOffer]:
    """The three buttons, from the narrowest to the broadest."""
    # Stands once at the foot of the page, and at the end of every wording.
    service_sentence = words.say(WordingKey.SERVICE)

    def offer(
        *,
        value: str,
        label: str,
        scope: Scope,
        wording: WordingText,
        about: Brand | None = None,
        purpose: Purpose | None = None,
    ) -> StopOffer:
        return StopOffer(
            value=value,
            label=label,
            name=in_words(kind=Kind.MARKETING, brand=about, purpose=purpose, channel=scope.channel),
            reach=wording.text.removesuffix(f"\n{service_sentence}"),
            change=Change(scope=scope, state=State.OPTED_OUT, wording=wording),
        )

    return [
        offer(
            value="topic",
            label=_("Stop this"),
            scope=token.scope,
            wording=words.stop_topic(topic=topic, channel=token.channel),
            about=brand,
            purpose=topic,
        ),
        offer(
            value="brand",
            label=_("Stop everything from %(brand)s") % {"brand": brand.name},
            scope=Scope(kind=Kind.MARKETING, brand=brand.pk),
            wording=words.stop_brand(brand=brand),
            about=brand,
        ),
        offer(
            value="all",
            label=_("Stop all marketing"),
            scope=Scope.all_marketing(),
            wording=words.stop_all(),
        ),
    ]
