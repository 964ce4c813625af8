"""Prolific's API, version 1: submissions and their statuses, places, demographics.

Sources  docs.prolific.com/api-reference: submissions/get-submissions (pages of 20), submissions/submission-object,
         studies/get-study, studies (an update is a PATCH), introduction (Authorization: Token)
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from .calling import Answer, NoCredentials, Refused, call
from .prolific import status_of
from .protocol import Listed

MOST_PAGES = 500


def submissions_of(study: str) -> Iterator[Listed]:
    """Every submission of a study there. Raises NoCredentials, Refused, TryLater."""
    seen: set[str] = set()
    for page in range(1, MOST_PAGES + 1):
        try:
            answer = _call("GET", f"submissions/?{urlencode({'study': study, 'page': page})}")
        except Refused as refusal:
            if page > 1 and refusal.status == 404:  # past the last page
                return
            raise
        rows = [row for row in _results(answer) if str(row.get("id", "")) not in seen]
        if not rows:
            return
        seen |= {str(row.get("id", "")) for row in rows}
        for row in rows:
            yield Listed(str(row.get("id", "")), status_of(row.get("status")), answer.at)


def places_of(study: str) -> int:
    """How many places the study has there, taken ones among them. Raises as `submissions_of`."""
    answer = _call("GET", f"studies/{quote(study, safe='')}/")
    places = answer.said.get("total_available_places") if isinstance(answer.said, dict) else None
    if not isinstance(places, int):
        raise Refused("The study there says no total_available_places.", status=answer.status)
    return places


def set_places(study: str, places: int) -> None:
    """Ask for so many places in all. Costs money there. Raises as `submissions_of`."""
    _call("PATCH", f"studies/{quote(study, safe='')}/", body={"total_available_places": places})


def _call(method: str, path: str, *, body: object = None) -> Answer:
    token = settings.REALTALK_PROLIFIC_TOKEN
    if not token:
        raise NoCredentials("REALTALK_PROLIFIC_TOKEN is not set: Prolific is not called.")
    address = f"{settings.REALTALK_PROLIFIC_API.rstrip('/')}/api/v1/{path}"
    return call(method, address, headers={"Authorization": f"Token {token}"}, body=body)


def _results(answer: Answer) -> list[dict[str, Any]]:
    rows = answer.said.get("results") if isinstance(answer.said, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused("The list of submissions is in a form that is not known.", status=answer.status)
    return rows
