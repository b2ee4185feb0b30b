from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import F

from preferences.management.program import ProgramCommand
from preferences.models import Brand, ProfilingPurpose, Topic


class Command(ProgramCommand):
    """Print what there is to choose about.

    With --json:

        {
          "brands": [{"key", "name", "legal_entity", "sender_name", "sender_email",
                      "privacy_notice_url", "retired"}],
          "topics": [{"key", "brand", "name", "channels", "retired"}],
          "profiling_purposes": [{"key", "name", "data_used", "default", "retired"}]
        }

    `brand` is a brand's key, `channels` a list of channel keys, `default` what holds where nothing was said
    (opt_in, opt_out, …), `retired` true for what nobody can be opted in to any more: a topic of a retired
    brand is retired too. Names and texts are in the language of LANGUAGE_CODE.
    """

    help = "Print brands, topics with their channels, and profiling purposes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        catalogue = {
            "brands": [_brand(brand) for brand in Brand.objects.order_by("position", "pk")],
            "topics": [
                _topic(topic)
                for topic in Topic.objects.select_related("brand").order_by(
                    F("brand__position"), "brand_id", "position", "pk"
                )
            ],
            "profiling_purposes": [
                _profiling_purpose(purpose) for purpose in ProfilingPurpose.objects.order_by("position", "pk")
            ],
        }
        if json:
            self.write_json(catalogue)
            return
        for brand in catalogue["brands"]:
            self.write_row("brand", brand["key"], brand["name"], _mark(brand))
        for topic in catalogue["topics"]:
            self.write_row("topic", topic["key"], topic["name"], ",".join(topic["channels"]), _mark(topic))
        for purpose in catalogue["profiling_purposes"]:
            self.write_row("profiling purpose", purpose["key"], purpose["name"], _mark(purpose))


def _mark(row: dict[str, Any]) -> str:
    return "retired" if row["retired"] else "offered"


def _brand(brand: Brand) -> dict[str, Any]:
    return {
        "key": brand.key,
        "name": brand.name,
        "legal_entity": brand.legal_entity,
        "sender_name": brand.sender_name,
        "sender_email": brand.sender_email,
        "privacy_notice_url": brand.privacy_notice_url,
        "retired": brand.retired_at is not None,
    }


def _topic(topic: Topic) -> dict[str, Any]:
    brand = topic.brand
    return {
        "key": topic.key,
        "brand": brand.key if brand else None,
        "name": str(topic.name),
        "channels": list(topic.channels),
        "retired": bool(topic.retired_at or (brand and brand.retired_at)),
    }


def _profiling_purpose(purpose: ProfilingPurpose) -> dict[str, Any]:
    return {
        "key": purpose.key,
        "name": str(purpose.name),
        "data_used": str(purpose.data_used),
        "default": purpose.requirement,
        "retired": purpose.retired_at is not None,
    }
