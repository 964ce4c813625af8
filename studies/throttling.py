"""How often one session's address may be asked: bots and stuck pages wait, while the page itself stays far below."""

from math import ceil

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.throttling import SimpleRateThrottle


class SessionThrottle(SimpleRateThrottle):
    """Counts the requests of one address over the last minute, in the memory of this process; nothing is stored."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__()

    def get_rate(self) -> str:
        return f"{settings.REALTALK_REQUESTS_A_MINUTE}/min"

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        return _key(self.token)


def forget_requests(token: str) -> None:
    """Count from nought again, for a program that plays an evaluator faster than any could."""
    cache.delete(_key(token))


def _key(token: str) -> str:
    return f"requests:{token}"


def seconds_to_wait(request: HttpRequest, token: str) -> int:
    """0 where the request may be answered; else after how many seconds the next one will be."""
    throttle = SessionThrottle(token)
    return 0 if throttle.allow_request(request, None) else max(1, ceil(throttle.wait() or 0))
