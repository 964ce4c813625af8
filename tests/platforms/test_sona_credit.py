"""SONA is told who has finished: against a server here that answers as its documentation says.

Forms  sona-systems.com/researcher/server-side-completion-url-responses
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone

from studies import tasks
from studies.models import Recruitment, Session, Submission
from studies.platforms.calling import TryLater
from studies.platforms.protocol import Arrival
from studies.platforms.sona_api import PATH, server_credit_problem
from studies.services.crediting import credit_finished
from studies.services.keeping_in_step import recruitments_to_ask
from studies.services.launches import close_study, open_study
from studies.services.recruiting import arrive, create_recruitment
from tests.factories import START, make_study

from .local_server import Reply, Request, local_server

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
SCHOOL = "https://school.sona-systems.com"
CLIENT = f"{SCHOOL}/webstudy_credit.aspx?experiment_id=12&credit_token=4e48&survey_code=XXXX"
SERVER = f"{PATH}?experiment_id=12&credit_token=9185&survey_code=XXXX"
GRANTED = b"""<WebstudyCreditResponse><WebstudyCreditResult><a:Errors i:nil="true"/><a:Result>
<a:credit_status>G</a:credit_status><a:signup_id>123</a:signup_id></a:Result></WebstudyCreditResult>
</WebstudyCreditResponse>"""
REFUSED = b"""<WebstudyCreditResponse><WebstudyCreditResult><a:Errors><a:Error><a:ErrorMsg>no</a:ErrorMsg></a:Error>
</a:Errors><a:Result i:nil="true"/></WebstudyCreditResult></WebstudyCreditResponse>"""


class School:
    """SONA, as far as it is told. `failing`: what the next requests get instead."""

    def __init__(self) -> None:
        self.credited: list[str] = []
        self.failing: list[Reply] = []

    def answer(self, request: Request) -> Reply:
        if self.failing:
            return self.failing.pop(0)
        query = parse_qs(urlsplit(request.path).query)
        assert (query["experiment_id"], query["credit_token"]) == (["12"], ["9185"])
        if query["survey_code"][0] in self.credited:
            return Reply(body=REFUSED)
        self.credited.append(query["survey_code"][0])
        return Reply(body=GRANTED)


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def sona(school, settings) -> Recruitment:
    settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
    study = open_study(make_study(items=2, contrasts=("a:b",), votes_per_comparison=2).pk, at=START)
    options = {"credit_address": CLIENT, "server_credit_address": f"{SCHOOL}{SERVER}"}
    recruitment = create_recruitment(study, "sona", at=START, options=options)
    with local_server(school.answer) as server:
        recruitment.options["server_credit_address"] = f"{server.address}{SERVER}"
        recruitment.save()
        yield recruitment


def come(recruitment: Recruitment, code: str, *, finished: bool) -> Session:
    session = arrive(recruitment, Arrival(code, code), at=timezone.now())  # the id is kept for so long
    if finished:
        Session.objects.filter(pk=session.pk).update(finished_at=START)
    return session


def statuses() -> list[str]:
    return list(Submission.objects.order_by("pk").values_list("status", flat=True))


def test_who_has_finished_is_credited_once_and_nobody_else(sona, school):
    come(sona, "4711", finished=True)
    come(sona, "4712", finished=False)
    assert credit_finished(sona, at=timezone.now()) == 1
    assert credit_finished(sona, at=timezone.now()) == 0
    assert (school.credited, statuses()) == (["4711"], ["approved", "active"])


def test_a_credit_that_is_refused_is_left_to_the_researcher(sona, school):
    school.credited = ["4711"]  # by the button
    come(sona, "4711", finished=True)
    assert credit_finished(sona, at=timezone.now()) == 0
    assert statuses() == ["awaiting"]
    assert recruitments_to_ask() == []


def test_a_school_that_is_away_is_asked_again_by_the_sweep_also_after_the_study(sona, school):
    come(sona, "4711", finished=True)
    school.failing = [Reply(500)]
    with pytest.raises(TryLater, match="500") as away:
        credit_finished(sona, at=timezone.now())
    assert "9185" not in str(away.value) and "4711" not in str(away.value)
    assert statuses() == ["active"]
    close_study(sona.study_id, at=START)
    assert recruitments_to_ask() == [sona.pk]
    tasks.ask_platform(sona.pk)
    assert statuses() == ["approved"]


@pytest.mark.parametrize("reply", [Reply(404), Reply(body=b"<html>We are back at nine.</html>")])
def test_an_answer_that_is_none_of_theirs_is_nobodys_refusal(sona, school, reply):
    come(sona, "4711", finished=True)
    school.failing = [reply]
    with pytest.raises(TryLater):
        credit_finished(sona, at=timezone.now())
    assert statuses() == ["active"]
    assert credit_finished(sona, at=timezone.now()) == 1


def test_the_command_asks_at_once(sona, school, capsys):
    come(sona, "4711", finished=True)
    call_command("recruit_study", sona.study.key, "--ask-now")
    assert "1 submissions changed" in capsys.readouterr().out
    assert school.credited == ["4711"]


def test_the_address_is_known_by_its_form():
    assert server_credit_problem(f"{SCHOOL}{SERVER}") == ""
    assert "server-side" in server_credit_problem(CLIENT)
