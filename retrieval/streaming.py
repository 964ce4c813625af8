"""A video file as an HTTP answer: whole, or the part that a player asks for; nothing tells which file it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from .ranges import ByteRange, RangeNotSatisfiable, requested_range

CHUNK_BYTES = 64 * 1024
CONTENT_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg"}


def ranged_file(request: HttpRequest, path: Path) -> HttpResponseBase:
    """200, 206 or 416, without ETag, Last-Modified or file name.

    There is no validator to compare, so If-Range never holds and the whole file is sent; HEAD has the headers of 200.
    Raises  OSError where the file cannot be read
    """
    size = path.stat().st_size
    ranged = request.method == "GET" and "If-Range" not in request.headers
    try:
        part = requested_range(request.headers.get("Range") if ranged else None, size=size)
    except RangeNotSatisfiable:
        refusal = HttpResponse("No byte of the video is in that range.", status=416, content_type="text/plain")
        refusal["Content-Range"] = f"bytes */{size}"
        refusal["Accept-Ranges"] = "bytes"
        return refusal
    content_type = CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
    sent = part or ByteRange(0, size - 1, size)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type=content_type)
    else:
        response = StreamingHttpResponse(_Bytes(path, sent), content_type=content_type)
    if part:
        response.status_code = 206
        response["Content-Range"] = part.content_range
    response["Content-Length"] = str(sent.length)
    response["Accept-Ranges"] = "bytes"
    return response


class _Bytes:
    """Part of a file in chunks; the server closes it, also when the browser went away before the first one."""

    def __init__(self, path: Path, part: ByteRange) -> None:
        self._file = path.open("rb")
        self._file.seek(part.first)
        self._left = part.length

    def __iter__(self) -> Iterator[bytes]:
        while self._left and (chunk := self._file.read(min(CHUNK_BYTES, self._left))):
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self._file.close()
