"""Keeping in step with Prolific by asking: against a server here that answers as its documentation says.

Forms  docs.prolific.com/api-reference/submissions/get-submissions, .../submissions/submission-object,
       .../studies/get-study
"""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command

from studies import tasks
from studies.models import Choice, Recruitment, Session, Submission, SubmissionStatus
from studies.platforms.calling import NoCredentials, Refused, TryLater, wait_before
from studies.platforms.protocol import Arrival
from studies.queries import free_slots
from studies.services.exclusions import exclude_votes
from studies.services.keeping_in_step import InStep, keep_in_step, places_wanted, recruitments_to_ask
from studies.services.launches import open_study
from studies.services.recruiting import arrive, create_recruitment, follow
from studies.services.sessions import begin_trials
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

from .local_server import LocalServer, Reply, Request, local_server

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
LATER = START + timedelta(minutes=10)
LEFT = {"appropriate": Answer(Choice.LEFT)}


class Prolific:
    """Prolific, as far as it is asked. `failing`: what the next requests get instead."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.places = 2
        self.page_size = 20
        self.failing: list[Reply] = []

    def answer(self, request: Request) -> Reply:
        if self.failing:
            return self.failing.pop(0)
        if request.headers.get("Authorization") != "Token tkn":
            return Reply(401, {"error": {"status": 401}})
        parts = urlsplit(request.path)
        match (request.method, parts.path):
            case ("GET", "/api/v1/submissions/"):
                return self._page(int(parse_qs(parts.query)["page"][0]))
            case ("GET", "/api/v1/studies/std/"):
                return Reply(body={"id": "std", "status": "ACTIVE", "total_available_places": self.places})
            case ("PATCH", "/api/v1/studies/std/"):
                self.places = request.said["total_available_places"]
                return Reply(body={"id": "std", "total_available_places": self.places})
        return Reply(404, {"error": {"status": 404}})

    def _page(self, page: int) -> Reply:
        rows = [
            {"id": one, "participant_id": f"pid-{one}", "status": status, "started_at": "2026-03-01T09:00:00Z"}
            for one, status in self.statuses.items()
        ][(page - 1) * self.page_size : page * self.page_size]
        if not rows and page > 1:
            return Reply(404, {"error": {"status": 404, "title": "Invalid page."}})
        return Reply(body={"results": rows}, headers={"Date": format_datetime(LATER, usegmt=True)})


@pytest.fixture
def prolific() -> Prolific:
    return Prolific()


@pytest.fixture
def server(prolific, settings) -> Iterator[LocalServer]:
    with local_server(prolific.answer) as server:
        settings.REALTALK_PROLIFIC_API, settings.REALTALK_PROLIFIC_TOKEN = server.address, "tkn"
        yield server


@pytest.fixture
def recruitment() -> Recruitment:
    study = open_study(make_study(items=2, contrasts=("a:b",)).pk, at=START)
    return create_recruitment(study, "prolific", at=START, external_study="std", places=2)


@pytest.fixture
def session(recruitment) -> Session:
    session = arrive(recruitment, Arrival("pid-s1", "s1"), at=START)
    begin_trials(session.pk, at=START)
    return session


class TestAsking:
    def test_every_page_is_read_and_followed_and_asking_again_changes_nothing(
        self, prolific, server, recruitment, session
    ):
        prolific.page_size = 2
        prolific.statuses = {"s7": "ACTIVE", "s8": "APPROVED", "s1": "TIMED-OUT"}
        assert keep_in_step(recruitment, at=LATER) == InStep(1, 0)
        assert keep_in_step(recruitment, at=LATER) == InStep(0, 0)
        assert (Submission.objects.get().status, Submission.objects.get().status_at) == ("timed_out", LATER)
        assert free_slots(recruitment.study).count() == 4
        paths = [request.path for request in server.requests[:3]]
        assert paths == [f"/api/v1/submissions/?study=std&page={page}" for page in (1, 2, 3)]

    @pytest.mark.parametrize("failing", [Reply(500), Reply(503), Reply(429, headers={"Retry-After": "40"})])
    def test_busy_or_broken_is_said_with_how_long_to_wait(self, prolific, server, recruitment, failing):
        prolific.failing = [failing]
        with pytest.raises(TryLater) as reason:
            keep_in_step(recruitment, at=LATER)
        asked = failing.headers.get("Retry-After")
        assert wait_before(2, reason.value) == (40 if asked else 60)
        assert "tkn" not in str(reason.value)

    def test_no_answer_in_time_and_no_server_at_all_are_tried_later(self, prolific, server, recruitment, settings):
        settings.REALTALK_PLATFORM_TIMEOUT_S = 0.1
        prolific.failing = [Reply(is_slow=True)]
        with pytest.raises(TryLater):
            keep_in_step(recruitment, at=LATER)
        settings.REALTALK_PROLIFIC_API = "http://127.0.0.1:9"
        with pytest.raises(TryLater):
            keep_in_step(recruitment, at=LATER)

    @pytest.mark.parametrize(
        "failing",
        [Reply(401), Reply(302, headers={"Location": "http://127.0.0.1:9/"}), Reply(200, b"<html>"), Reply(200, []),
         Reply(200, {"results": [1]})],
    )  # fmt: skip
    def test_a_no_and_what_is_not_understood_are_refusals(self, prolific, server, recruitment, failing):
        prolific.failing = [failing]
        with pytest.raises(Refused):
            keep_in_step(recruitment, at=LATER)

    def test_without_a_token_nothing_is_called(self, server, recruitment, settings):
        settings.REALTALK_PROLIFIC_TOKEN = ""
        with pytest.raises(NoCredentials):
            keep_in_step(recruitment, at=LATER)
        tasks.ask_platforms.apply()
        assert server.requests == []

    def test_waits_double_and_end(self):
        assert [wait_before(n, TryLater("")) for n in (0, 1, 2, 20)] == [15, 30, 60, 3600]
        assert wait_before(0, TryLater("", wait_s=0)) == 1


class TestTheTask:
    def test_it_tries_again_until_it_is_answered(self, prolific, server, recruitment, session):
        prolific.statuses = {"s1": "RETURNED"}
        prolific.failing = [Reply(429, headers={"Retry-After": "1"}), Reply(500)]
        tasks.ask_platform.apply([recruitment.pk])
        assert Submission.objects.get().status == "returned"

    @pytest.mark.parametrize(("failing", "calls"), [(Reply(500), 6), (Reply(401), 1)])
    def test_it_gives_up_without_a_traceback(self, prolific, server, recruitment, failing, calls):
        prolific.failing = [failing] * 20
        assert tasks.ask_platform.apply([recruitment.pk]).successful()
        assert tasks.ask_platform.apply([recruitment.pk + 1]).successful()
        assert len(server.requests) == calls

    def test_only_what_runs_and_is_known_there_is_asked_for(self, recruitment, settings):
        assert recruitments_to_ask() == []  # without a token
        settings.REALTALK_PROLIFIC_TOKEN = "tkn"
        draft = make_study(key="draft")
        create_recruitment(draft, "prolific", at=START, external_study="other")
        create_recruitment(recruitment.study, "prolific", at=START, key="no-study-there")
        assert recruitments_to_ask() == [recruitment.pk]


class TestPlaces:
    def test_an_exclusion_asks_for_a_place_up_to_the_most_that_may_be_paid(
        self, prolific, server, recruitment, session
    ):
        other = arrive(recruitment, Arrival("pid-s2", "s2"), at=START)
        begin_trials(other.pk, at=START)
        assert places_wanted(recruitment) == 2
        for number, one in enumerate([session, other] * 2, start=1):
            trial = one.assignments.get(state="live", began_at__isnull=False)
            cast_vote(one.pk, trial.key, LEFT, at=START + number * timedelta(minutes=1))
        exclude_votes(recruitment.study_id, rule="failed_catch", reason="both", at=LATER, sessions=[session])
        for most, asked_for in ((0, 0), (2, 0), (9, 3), (9, 0)):
            Recruitment.objects.update(options={"most_places": most})
            assert keep_in_step(Recruitment.objects.get(), at=LATER).places == asked_for, most
        assert (prolific.places, Recruitment.objects.get().places) == (3, 3)

    def test_of_two_ways_in_one_asks_and_who_was_screened_out_is_not_counted(
        self, prolific, server, recruitment, session
    ):
        Submission.objects.update(status="screened_out")
        assert places_wanted(recruitment) == 1, "of two slots on each item one session holds one"
        Recruitment.objects.update(places=0, options={"most_places": 9})
        prolific.places = 0
        create_recruitment(recruitment.study, "prolific", at=START, key="newer")
        assert keep_in_step(Recruitment.objects.get(pk=recruitment.pk), at=LATER).places == 0
        Recruitment.objects.filter(key="newer").update(ended_at=START)
        assert keep_in_step(Recruitment.objects.get(pk=recruitment.pk), at=LATER).places == 1

    def test_who_is_still_reading_is_not_asked_for_again(self, prolific, server, recruitment, session):
        Recruitment.objects.update(places=2, options={"most_places": 50})
        prolific.places = 2
        for one in ("s2", "s3"):
            arrive(recruitment, Arrival(f"pid-{one}", one), at=START)
        for _ in range(3):
            keep_in_step(Recruitment.objects.get(), at=LATER)
        assert prolific.places == places_wanted(Recruitment.objects.get()) == 3, "three came, and one place is theirs"

    def test_a_clock_far_ahead_is_not_believed(self, prolific, server, recruitment, session):
        follow(recruitment, "s1", SubmissionStatus.AWAITING, said_at=LATER + timedelta(days=1400), at=LATER, by="api")
        prolific.statuses["s1"] = "RETURNED"
        soon = LATER + timedelta(minutes=6)
        assert follow(recruitment, "s1", SubmissionStatus.RETURNED, said_at=soon, at=soon, by="api") == "now returned"

    def test_places_are_never_taken_away(self, prolific, server, recruitment, session):
        prolific.places = 50
        Recruitment.objects.update(options={"most_places": 40})
        assert keep_in_step(Recruitment.objects.get(), at=LATER).places == 0
        assert prolific.places == 50


class TestTheCommand:
    # Columns as in an export that a public analysis script reads; not checked with a real account.
    CSV = (
        "Submission id,Participant id,Status,Age,Sex,Ethnicity simplified,Phone\n"
        "s1,pid-s1,APPROVED,34,Female,CONSENT_REVOKED,x\ns9,pid-s9,APPROVED,20,Male,White,x\n"
    )

    def test_demographics_are_kept_without_ids_and_what_was_revoked(self, recruitment, session, tmp_path, capsys):
        file = tmp_path / "export.csv"
        file.write_text(self.CSV)
        call_command("recruit_study", "s", demographics=str(file))
        assert capsys.readouterr().out == "Demographics of 1 sessions kept; 1 rows are of no session here.\n"
        assert Session.objects.get().entry_answers == {"prolific:Age": ["34"], "prolific:Sex": ["Female"]}

    @pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"PK\x03\x04\x00"])
    def test_another_file_is_a_sentence(self, recruitment, tmp_path, content):
        file = tmp_path / "export.csv"
        file.write_bytes(content)
        with pytest.raises(CommandError):
            call_command("recruit_study", "s", demographics=str(file))

    def test_asking_now_prints_what_changed_or_why_not(self, prolific, server, recruitment, session, capsys):
        prolific.statuses = {"s1": "AWAITING REVIEW"}
        call_command("recruit_study", "s", ask_now=True)
        assert capsys.readouterr().out == "1 submissions changed; no places asked for.\n"
        prolific.failing = [Reply(500)]
        with pytest.raises(CommandError, match="500"):
            call_command("recruit_study", "s", ask_now=True)
