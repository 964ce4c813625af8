"""Addresses that do not lead to a trial: a page that says so, and what to do."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from studies.models import Session, Study
from studies.services.launches import close_study, open_study, pause_study
from studies.services.sessions import begin_trials, start_session
from tests.factories import make_corpus, make_study

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def now():
    return timezone.now()


@pytest.fixture
def study():
    return open_study(make_study(items=1, contrasts=("a:b",), votes_per_comparison=1).pk, at=now())


def heading_of(response) -> str:
    return response.content.decode().split("<h1>")[1].split("</h1>")[0]


def test_a_study_that_does_not_exist(client):
    response = client.get("/study/nothing/")
    assert (response.status_code, heading_of(response)) == (404, "There is no such study")


def test_a_draft_a_paused_and_a_closed_study(client):
    study = make_study(items=1, contrasts=("a:b",))
    assert client.get(f"/study/{study.key}/").status_code == 403
    assert client.post(f"/study/{study.key}/").status_code == 403
    open_study(study.pk, at=now())
    assert client.get(f"/study/{study.key}/").status_code == 200
    pause_study(study.pk, at=now())
    response = client.get(f"/study/{study.key}/")
    assert (response.status_code, heading_of(response)) == (503, "This study is taking a break")
    close_study(study.pk, at=now())
    response = client.post(f"/study/{study.key}/")
    assert (response.status_code, heading_of(response)) == (410, "This study has ended")
    assert not Session.objects.exists()


def test_a_study_without_stimuli(client):
    study = Study.objects.create(key="empty", title="Empty", corpus=make_corpus(), created_at=now())
    assert client.get(f"/study/{study.key}/").status_code == 403


def test_a_token_that_is_forged(client, study):
    for step, method in [("", "get"), ("ahead", "get"), ("consent", "post"), ("vote", "post"), ("failed", "post")]:
        response = getattr(client, method)(f"/s/forged/{step}")
        assert (response.status_code, heading_of(response)) == (404, "This address is not known")


def test_the_last_place_is_waited_for_and_then_given(client, study):
    first = start_session(study.pk, at=now())
    begin_trials(first.pk, at=now())
    address = client.post(f"/study/{study.key}/")["Location"]
    client.post(address + "begin")
    assert "waiting" in client.get(address).content.decode().lower()
    first.last_active_at = now() - timedelta(minutes=31)
    first.save()
    page = client.get(address).content.decode()
    assert '<script id="trial"' in page
    trial = Session.objects.exclude(pk=first.pk).get().assignments.get(state="live")
    trial.began_at -= timedelta(minutes=1)
    trial.save()
    form = urlencode({"assignment": str(trial.key), "choice": "left"})
    reply = client.post(address + "vote", form, content_type=FORM, headers={"Accept": "application/json"})
    assert reply.json() == {"outcome": "accepted", "stage": "thanks", "next": None}
    assert client.get(f"/study/{study.key}/").status_code == 410


def test_a_form_without_script_votes_too(client, study):
    session = start_session(study.pk, at=now() - timedelta(minutes=2))
    trial = begin_trials(session.pk, at=now() - timedelta(minutes=1)).assignment
    form = {"assignment": str(trial.key), "choice": "right", "rt_ms": "", "page": "p", "watched": "", "plays": ""}
    response = client.post(f"/s/{session.token}/vote", urlencode(form), content_type=FORM)
    assert (response.status_code, response["Location"]) == (303, f"/s/{session.token}/")
    assert trial.votes.get().choice == "right"


@pytest.mark.parametrize(
    "report",
    [
        {}, {"assignment": "x", "choice": "left"}, {"choice": "left"}, [], "text",
        {"choice": "both"}, {"choice": "left", "rt_ms": -1}, {"choice": "left", "rt_ms": 1e99},
        {"choice": "left", "page": "../.."}, {"choice": "left", "page": "p", "watched": {"left": [[3, 1]]}},
        {"choice": "left", "page": "p", "watched": {"left": [[0, "NaN"]]}},
        {"choice": "left", "page": "p", "watched": {"condition": []}},
        {"choice": "left", "page": "p", "plays": {"left": True}},
        {"choice": "left", "page": "p", "watched": {"left": [[0, 1]] * 501}},
    ],
)  # fmt: skip
def test_answers_that_make_no_sense_are_refused_with_a_sentence(client, study, report):
    session = start_session(study.pk, at=now() - timedelta(minutes=2))
    trial = begin_trials(session.pk, at=now() - timedelta(minutes=1)).assignment
    if isinstance(report, dict) and "choice" in report and report != {"choice": "left"}:
        report = {"assignment": str(trial.key)} | report
    response = client.post(
        f"/s/{session.token}/vote", json.dumps(report), content_type="application/json",
        headers={"Accept": "application/json"},
    )  # fmt: skip
    assert response.status_code == 400
    assert response.json()["message"]
    assert not trial.votes.exists()


def test_pages_set_no_cookie_and_are_not_kept(client, study):
    response = client.get(f"/study/{study.key}/")
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("address", ["/s/%00/", "/study/%00/", "/s/a%00b/vote", "/s/" + "x" * 65 + "/", "/study/../"])
def test_addresses_that_are_none_of_ours_are_not_found(client, address):
    response = client.get(address)
    assert (response.status_code, heading_of(response)) == (404, "This page is not known")


def test_a_landing_page_takes_no_other_verb(client, study):
    assert client.put(f"/study/{study.key}/").status_code == 405
    assert client.head(f"/study/{study.key}/").status_code == 200


@pytest.mark.parametrize("body", ["[" * 50_000, '{"watched": {"left": [[0, 1' + "0" * 400 + "]]}}"])
def test_json_that_is_made_to_hurt_is_refused(client, study, body):
    session = start_session(study.pk, at=now())
    response = client.post(f"/s/{session.token}/progress", body, content_type="application/json")
    assert response.status_code == 400


def test_a_consent_version_of_thousands_of_digits_is_refused(client, study):
    session = start_session(study.pk, at=now())
    response = client.post(f"/s/{session.token}/consent", {"agree": "yes", "version": "9" * 5000})
    assert response.status_code == 303
    assert not session.consents.exists()
