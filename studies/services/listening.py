"""A browser in this process that plays an evaluator through the site's own addresses and keeps all it hears."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from studies.auditing import Answer, PlayedTrial
from studies.coverage import PARTS
from studies.models import Assignment, AssignmentState, Session, Study, TrialKind
from studies.texts import consent_in_force
from studies.throttling import forget_requests

from .entering import right_answers

LEAST_MAIN_HEARD = 6
LONG_AGO = timedelta(hours=1)
ACCEL = "X-Accel-Redirect"
GOOD_DEVICE = {
    "sound": "heard", "tries": 1, "width": 1280, "height": 800, "pixel_ratio": 1, "fits": True, "plays": True,
}  # fmt: skip


class CannotAudit(ValueError):
    """The study cannot be played through; the message says where it ended."""


class Listener:
    """Asks as a browser does and keeps every answer; the bytes of equal videos are kept once."""

    def __init__(self) -> None:
        # The host that the site serves: a leading dot stands for any name below it.
        host = (settings.ALLOWED_HOSTS or ["localhost"])[0].lstrip(".").replace("*", "localhost").strip("[]")
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False, SERVER_NAME=host)
        self.answers: list[Answer] = []
        self._videos: dict[bytes, bytes] = {}

    def get(self, address: str, where: str, route: str, **asked: Any) -> Answer:
        return self._keep(self._ask("get", address, **asked), address, where, route)

    def post(self, address: str, where: str, route: str, data: Any = None, **asked: Any) -> Answer:
        return self._keep(self._ask("post", address, data, **asked), address, where, route)

    def time(self, address: str) -> tuple[float, float]:
        """Milliseconds until the first and the last byte of a video."""
        began = perf_counter()
        pieces = _pieces(self._ask("get", address))
        next(pieces, b"")
        first = perf_counter()
        for _ in pieces:
            pass
        return 1000 * (first - began), 1000 * (perf_counter() - began)

    def _ask(self, method: str, *arguments: Any, **asked: Any) -> HttpResponseBase:
        return getattr(self.client, method)(*arguments, secure=settings.SECURE_SSL_REDIRECT, **asked)

    def _keep(self, response: HttpResponseBase, address: str, where: str, route: str) -> Answer:
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        headers = tuple([(n, v) for n, v in response.headers.items() if n != ACCEL] + cookies)
        body = b"".join(_pieces(response))
        if route.startswith("video"):
            body = self._videos.setdefault(body, body)
        if response.status_code >= 400:
            told = body[:200].decode("utf-8", "replace") if len(body) < 300 else "a page that says so"
            raise CannotAudit(f"The study cannot be played: {where} answers {response.status_code} ({told}).")
        answer = Answer(where, route, address, response.status_code, headers, body)
        self.answers.append(answer)
        return answer


def _pieces(response: HttpResponseBase) -> Iterator[bytes]:
    """The body; where nginx is to send it, the file that it would send.

    The client closes what was read to its end; a close of ours would end the connection, and the transaction with it.
    """
    if ACCEL in response.headers:
        inside = response.headers[ACCEL].removeprefix(settings.REALTALK_ACCEL_PREFIX.rstrip("/") + "/")
        yield (Path(settings.MEDIA_ROOT) / inside).read_bytes()
    elif response.streaming:
        yield from response.streaming_content
    else:
        yield response.content


class Evaluator:
    """One run through a study, from its open link to the thanks. `name` tells runs apart in findings."""

    def __init__(self, study: Study, listener: Listener, name: str, rng: Random) -> None:
        self.study, self.listener, self.name, self.rng = study, listener, name, rng
        self.trials: list[PlayedTrial] = []
        self.heard: list[tuple[Assignment, dict[str, str]]] = []
        self.ended = False

    def play(self, *, at_most: int) -> None:
        """Answer trials to the end of the session, or until there are so many; `_is_heard` has whose videos come."""
        link = reverse("studies:landing", args=[self.study.key])
        self.listener.get(link, "the study's page", "landing")
        arrived = self.listener.post(link, "the study's page", "arrival")
        self.address = dict(arrived.headers)["Location"]
        token = self.address.strip("/").split("/")[-1]
        self.session = Session.objects.get(token=token)
        told = self._begin()
        while told is not None and len(self.trials) < at_most:
            told = self._play_trial(told)
        self.ended = told is None
        if self.ended:
            end = self._page("the page at the end", "thanks")
            # What is told at the end on purpose: the code, and in a debriefing what was compared.
            own = frozenset([self.session.completion_code, *re.findall(r"[\w.-]*\w", self.study.debriefing)])
            self.listener.answers[-1] = Answer(**vars(end) | {"own": own})

    def _page(self, what: str, route: str) -> Answer:
        return self.listener.get(self.address, f"{what} of {self.name}", route)

    def _begin(self) -> dict[str, Any]:
        text = consent_in_force(self.study)
        if text is not None:
            self._page("the consent", "consent")
            agreed = {"agree": "yes", "version": str(text.version), "age": str(self.study.least_age or "")}
            self.listener.post(self.address + "consent", "the consent", "agreed", agreed)
        before = self._entered("what comes before the instructions", "instructions")
        if b'action="check"' in before.body:
            self.listener.post(self.address + "check", "the check of sound and screen", "checked", GOOD_DEVICE)
            self._page("the instructions", "instructions")
        self.listener.post(self.address + "begin", "the instructions", "begun")
        page = self._entered("the first trial's page", "trial").body.decode()
        found = re.search(r'<script id="trial" type="application/json">(.*?)</script>', page)
        if found is None:
            raise CannotAudit("The study cannot be played: no trial came after the instructions.")
        return json.loads(found.group(1))

    def _entered(self, what: str, route: str) -> Answer:
        """This page; where it has entry questions, the one after they were answered so as to go on."""
        page = self._page(what, route)
        if b'action="entry"' not in page.body:
            return page
        self.session.refresh_from_db()
        answers = {f"q-{key}": option for key, option in right_answers(self.session).items()}
        self.listener.post(self.address + "entry", "the entry questions", "entered", {"tries": "0"} | answers)
        return self._page(what, route)

    def _play_trial(self, told: dict[str, Any]) -> dict[str, Any] | None:
        trial = self.session.assignments.select_related("item", "slot__comparison__contrast").get(
            key=told["assignment"]
        )
        where = f"trial {len(self.trials) + 1} ({trial.kind}) of {self.name}"
        forget_requests(self.session.token)
        videos = self._hear(trial, told, where) if self._is_heard(trial) else {}
        report = {
            "assignment": told["assignment"],
            "page": "p1",
            "watched": {part: [[0, told["length_s"]]] for part in PARTS},
            "plays": dict.fromkeys(PARTS, 1),
        }
        if videos:
            self.listener.post(self.address + "progress", f"progress in {where}", "progress", **_as_json(report))
        # As if it had begun earlier: an answer before the videos' length has passed is refused.
        began = Assignment.objects.filter(pk=trial.pk, began_at__isnull=False, state=AssignmentState.LIVE)
        began.update(began_at=trial.began_at - LONG_AGO)
        choice = self.rng.choice(["left", "right"])
        answers = {question["key"]: _answer(question, choice) for question in told["questions"]}
        answer = self.listener.post(
            self.address + "vote", f"the answer to {where}", "vote", **_as_json(report | {"answers": answers})
        )
        reply = json.loads(answer.body)
        following = reply.pop("next")
        reply.pop("stage")
        side = trial.slot.treatment_side if trial.slot else ""
        self.trials.append(PlayedTrial(where, trial.kind, side, told, videos, reply))
        return following

    def _is_heard(self, trial: Assignment) -> bool:
        """Practice and checks all; main trials until there are LEAST_MAIN_HEARD, alike many of each group."""
        if trial.kind == TrialKind.MAIN:
            groups = self.study.contrasts.count()
            so_far = Counter(one.slot.comparison.contrast_id for one, _ in self.heard if one.slot)
            return so_far[trial.slot.comparison.contrast_id] < -(-LEAST_MAIN_HEARD // groups)
        return True

    def _hear(self, trial: Assignment, told: dict[str, Any], where: str) -> dict[str, Answer]:
        self.heard.append((trial, told["media"]))
        self._page(f"the page of {where.removesuffix(f' of {self.name}')}", "trial")
        self.listener.get(self.address + "ahead", f"what comes after {where}", "ahead")
        videos = {}
        for part in PARTS:
            address = told["media"][part]
            videos[part] = self.listener.get(address, f"the video {part} in {where}", "video")
            videos[part + " in part"] = self.listener.get(
                address, f"part of the video {part} in {where}", "video in part", headers={"Range": "bytes=0-99"}
            )
        return videos


def _answer(question: dict[str, Any], choice: str) -> dict[str, Any]:
    """One side, by the form of the question: of five points, slightly."""
    return {"choice": choice} if choice in question["choices"] else {"choice": choice, "strength": 1}


def _as_json(report: dict[str, Any]) -> dict[str, Any]:
    return {"data": json.dumps(report), "content_type": "application/json", "headers": {"Accept": "application/json"}}


def load_static(listener: Listener) -> None:
    """Every script, style and picture that the pages heard so far name, and what those name."""
    named = re.compile(rf'(?:src|href)="({re.escape(settings.STATIC_URL)}[^"]+)"')
    wanted = [found for answer in listener.answers for found in named.findall(answer.body.decode("latin-1"))]
    done: set[str] = set()
    for address in wanted:
        if address in done:
            continue
        done.add(address)
        text = listener.get(address, address, "static").body.decode("latin-1")
        imported = re.findall(r"""(?:from|import)\s*\(?["'](\.[^"']+)["']|url\(["']?([^"')]+)["']?\)""", text)
        wanted += [urljoin(address, a or b) for a, b in imported if not b.startswith(("data:", "#"))]
