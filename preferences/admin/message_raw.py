"""A message byte by byte, as it was received, to save and never to show."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from unfold.admin import ModelAdmin

from preferences.models import Message, MessageCopy


def raw_view(
    request: HttpRequest, message_id: int, model_admin: ModelAdmin, copy_id: int | None = None
) -> HttpResponseBase:
    """The message, or a copy of it with another text, as a file. What it is made of is nothing a browser opens."""
    if not request.user.has_perms(["preferences.view_message", "preferences.handle_message"]):
        raise PermissionDenied
    message = get_object_or_404(Message.objects.only("raw", "is_report"), pk=message_id)
    name, raw = f"message-{message.pk}", message.raw
    if copy_id is not None:
        copy = get_object_or_404(MessageCopy, pk=copy_id, message=message_id)
        name, raw = f"{name}-copy-{copy.pk}", copy.raw
    if raw is None:
        raise Http404
    ending = "json" if message.is_report else "eml"
    return HttpResponse(
        bytes(raw),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
