"""A form that a program posts, whose fields may be as long as a mail."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import FIELD, FILE, ChunkIter, LazyStream, Parser
from django.utils.datastructures import MultiValueDict


class LongForm(FileUploadHandler):
    """Reads a multipart form whose fields may be as long as a mail; `fields` are their bytes.

    Django holds the fields of all forms to DATA_UPLOAD_MAX_MEMORY_SIZE. Here the body as a whole has been held to a
    limit already. And a mail need not be UTF-8.
    """

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.fields: dict[str, bytes] = {}

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]]:
        post, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
        for kind, headers, stream in Parser(LazyStream(ChunkIter(input_data)), boundary):
            _value, disposition = headers.get("content-disposition", ("", {}))
            if kind not in {FIELD, FILE} or "name" not in disposition:
                continue
            name, content = _text(disposition["name"]), stream.read()
            if kind == FIELD:
                self.fields[name] = content
                post.appendlist(name, _text(content))
                continue
            media_type, parameters = headers.get("content-type", ("application/octet-stream", {}))
            file = InMemoryUploadedFile(
                file=BytesIO(content),
                field_name=name,
                name=_text(disposition["filename"]),
                content_type=media_type.strip(),
                size=len(content),
                charset=_text(parameters.get("charset", b"")) or None,
            )
            files.appendlist(name, file)
        return post, files


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")
