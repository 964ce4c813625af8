"""Blind media: a trial's videos under addresses that tell nothing, expire, and answer byte ranges."""

from __future__ import annotations

import logging
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from retrieval.streaming import ranged_file

from .coverage import PARTS
from .models import Assignment, Rendition

logger = logging.getLogger(__name__)

SALT = "studies.media"
MAC_BYTES = 16
# uuid of the assignment, number of the part, second at which the address expires: always as long as any other.
PAYLOAD = struct.Struct(">16sBQ")


class ForgedAddress(ValueError):
    """The address was not made here, or was changed."""


class ExpiredAddress(ValueError):
    """The address was right once."""


class MediaGone(LookupError):
    """The trial or its video is no longer there, or was taken down."""


def media_address(assignment: uuid.UUID, part: str, *, at: datetime) -> str:
    """The path under which one video of a trial is served.

    part  speaker, left or right
    The same within one period of REALTALK_MEDIA_MINUTES, so that what a browser loaded ahead is found in its
    cache; works for at least one period and less than two.
    """
    return reverse("studies:media", args=[sign(assignment, part, at=at)])


def sign(assignment: uuid.UUID, part: str, *, at: datetime) -> str:
    """The opaque last part of an address: url-safe, of one length for all trials and parts."""
    period = settings.REALTALK_MEDIA_MINUTES * 60
    expires = (int(at.timestamp()) // period + 2) * period
    payload = PAYLOAD.pack(assignment.bytes, PARTS.index(part), expires)
    return urlsafe_b64encode(payload + _mac(payload, settings.SECRET_KEY)).rstrip(b"=").decode()


def unsign(signed: str, *, at: datetime) -> tuple[uuid.UUID, str, int]:
    """The assignment, the part, and how many seconds the address still works.

    Raises  ForgedAddress, ExpiredAddress
    """
    try:
        raw = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
        payload, mac = raw[: PAYLOAD.size], raw[PAYLOAD.size :]
        key, part, expires = PAYLOAD.unpack(payload)
    except (ValueError, struct.error) as error:
        raise ForgedAddress(signed) from error
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # The decoder ignores stray characters and bits: only the one right spelling passes.
    spelt = urlsafe_b64encode(raw).rstrip(b"=").decode()
    if not any(constant_time_compare(mac, _mac(payload, secret)) for secret in secrets) or spelt != signed:
        raise ForgedAddress(signed)
    left_s = expires - int(at.timestamp())
    if left_s <= 0:
        raise ExpiredAddress(signed)
    return uuid.UUID(bytes=key), PARTS[part], left_s


def rendition_shown(assignment: uuid.UUID, part: str) -> Rendition:
    """The prepared file behind one part of a trial.

    Raises  MediaGone if the trial is unknown, not prepared, or shows someone whose clips were taken down
    """
    trial = Assignment.objects.select_related("item", "left", "right").filter(key=assignment).first()
    if trial is None:
        raise MediaGone(assignment)
    wanted = Rendition.objects.select_related("clip__person")
    if part == "speaker":
        rendition = wanted.filter(item=trial.item, clip=trial.item.speaker_id).first()
    else:
        rendition = wanted.filter(pk=getattr(trial, part).rendition_id).first()
    if rendition is None or (rendition.clip.person and rendition.clip.person.taken_down_at):
        raise MediaGone(assignment)
    return rendition


@csrf_exempt  # nothing is written: another verb is refused as a verb
@require_safe
def serve(request: HttpRequest, signed: str) -> HttpResponseBase:
    """The video at an address: whole, in part, or through nginx where REALTALK_ACCEL_PREFIX names its location."""
    try:
        assignment, part, left_s = unsign(signed, at=timezone.now())
        file = rendition_shown(assignment, part).file
    except ForgedAddress:
        return _refuse(403, "This address is not one of ours. Reload the page for a new one.")
    except ExpiredAddress:
        return _refuse(410, "This address has expired. Reload the page for a new one.")
    except MediaGone:
        return _refuse(410, "This video is no longer shown. Reload the page to go on.")
    path = Path(settings.MEDIA_ROOT) / file
    if settings.REALTALK_ACCEL_PREFIX:
        response: HttpResponseBase = HttpResponse(content_type="video/mp4")
        response["X-Accel-Redirect"] = settings.REALTALK_ACCEL_PREFIX.rstrip("/") + "/" + quote(file)
    else:
        try:
            response = ranged_file(request, path)
        except OSError:
            logger.exception("A prepared video cannot be read; prepare its study again")
            return _refuse(404, "This video cannot be found. Reload the page to go on.")
    # Whoever has the address may keep the file as long as the address works; no one in between may.
    response["Cache-Control"] = f"private, max-age={left_s}"
    return response


def _mac(payload: bytes, secret: str) -> bytes:
    return salted_hmac(SALT, payload, secret=secret, algorithm="sha256").digest()[:MAC_BYTES]


def _refuse(status: int, sentence: str) -> HttpResponse:
    response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
