"""The stop link, `/u/<token>/`: one page for people, one POST for mailbox providers (RFC 8058)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.covering import Stated, says_all
from preferences.decisions.in_words import in_words
from preferences.decisions.wording import Words, current_words
from preferences.enums import Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Brand, Purpose
from preferences.models.wording import WordingKey, WordingText
from preferences.scope import Scope
from preferences.tokens import StopToken, TokenInvalid, read_stop_token
from preferences.views.linked import LinkUnreadable, holder_of, link_page
from preferences.views.one_click import is_one_click, one_click
from preferences.views.outcomes import outcome_lines


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
    stopped: bool


@link_page
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Show what will stop; on POST stop it.

    A POST whose form names none of the page's buttons is a mailbox provider's one-click, which the middleware has
    answered before it gets here.
    """
    if request.method == "POST" and is_one_click(request):
        return one_click(token)
    return _page(request, token)


def _page(request: HttpRequest, text: str) -> HttpResponse:
    try:
        token = read_stop_token(text)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    holder = holder_of(request, recipient=token.recipient, contact_point=token.contact_point)
    topic = Purpose.objects.select_related("brand").filter(pk=token.topic).first()
    if topic is None or topic.brand is None:
        raise LinkUnreadable
    words = current_words()
    choices = load_choices(holder.recipient.pk)
    offers = _offers(token=token, topic=topic, brand=topic.brand, words=words, choices=choices)
    context = {
        "brand": topic.brand,
        "address": holder.contact_point.masked,
        "service_sentence": words.say(WordingKey.SERVICE),
        "offers": offers,
    }
    if request.method != "POST":
        return render(request, "preferences/stop.html", context)

    chosen = next((offer for offer in offers if offer.value == request.POST["stop"]), None)
    if chosen is None:
        unknown = _("This button is not known. Nothing was changed. Please choose one of these.")
        return render(request, "preferences/stop.html", {**context, "error": unknown}, status=400)
    now = timezone.now()
    recorded = ledger.record(
        recipient=holder.recipient.pk, changes=[chosen.change], evidence=Evidence(source=Source.LINK), now=now
    )
    outcomes = outcome_lines(
        results=recorded.results,
        names={chosen.change.scope: chosen.name},
        contact_point=holder.contact_point.pk,
        now=now,
    )
    rest = [offer for offer in offers if not chosen.change.scope.covers(offer.change.scope)]
    return render(request, "preferences/stopped.html", {**context, "outcomes": outcomes, "offers": rest})


def _offers(
    *, token: StopToken, topic: Purpose, brand: Brand, words: Words, choices: Sequence[Stated]
) -> list[StopOffer]:
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
            stopped=says_all(choices=choices, scope=scope, state=State.OPTED_OUT) is not None,
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
