import csv
import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from analysis.peeking import LOOKED
from studies.models import Deviation, Study
from studies.services.rehearsals import rehearse_study
from tests.factories import START

from .playing import opened_study, play_session, prefer
from .signing_in import account, text_of
from .test_views import ADDRESSES

pytestmark = pytest.mark.django_db

LOOK = "/studies/s/report/look/"
RESULTS = [address for address in ADDRESSES if not address.endswith(("report/", "trials.csv"))]


def test_whoever_may_stop_an_open_study_sees_how_full_it_is_and_no_result(client):
    play_session(opened_study(), prefer("social"))
    account(client, staff=True, may_view=True, may_stop=True)

    page = client.get("/studies/s/report/")

    assert "Results are hidden while votes come in" in text_of(page)
    assert "preferred" not in text_of(page)
    assert "<td>8</td><td>2</td>" in text_of(page)
    for address in RESULTS:
        for query in ("", "?include-rehearsal=1") if address.endswith("bundle.zip") else ("",):
            response = client.get(address + query)
            assert (address, response.status_code) == (address, 403)
            assert b"random" not in response.content
    assert client.get("/studies/s/trials.csv").status_code == 200


def test_looking_anyway_is_written_down_once_with_name_and_time(client):
    play_session(study := opened_study(), prefer("social"))
    account(client, staff=True, may_view=True, may_stop=True)

    assert client.get(LOOK).status_code == 405
    assert not Deviation.objects.exists()
    for _ in range(2):
        assert client.post(LOOK)["Location"] == "/studies/s/report/"

    (deviation,) = Deviation.objects.all()
    assert (deviation.study, deviation.who, deviation.what) == (study, "someone", LOOKED)
    assert "social was preferred over random" in text_of(client.get("/studies/s/report/"))
    assert LOOKED in text_of(client.get("/studies/s/report/"))
    assert client.get("/studies/s/votes.csv").status_code == 200


def test_the_command_says_that_its_look_at_an_open_study_is_not_written_down():
    study = opened_study()
    rehearse_study(study.pk, evaluators=2, at=START, seed=3)
    said = {}
    for name, options, state in (
        ("open", [], "open"), ("rehearsal", ["--include-rehearsal"], "open"), ("closed", [], "closed"),
    ):  # fmt: skip
        Study.objects.filter(pk=study.pk).update(state=state)
        said[name] = StringIO()
        call_command("report_study", "s", *options, stdout=StringIO(), stderr=said[name])

    assert [said[name].getvalue() for name in ("rehearsal", "closed")] == ["", ""]
    assert said["open"].getvalue() == (
        "Study 's' is open: these results are a look while votes come in, and no deviation is written down for it.\n"
    )
    assert not Deviation.objects.exists()


def test_one_persons_look_opens_nothing_for_another(client):
    play_session(opened_study(), prefer("social"))
    account(client, staff=True, may_view=True, may_stop=True)
    client.post(LOOK)

    client.force_login(User.objects.create(username="other", is_staff=True, is_superuser=True))

    assert "Results are hidden" in text_of(client.get("/studies/s/report/"))


def test_a_look_needs_the_pages_own_form(client):
    opened_study()
    client.handler.enforce_csrf_checks = True
    account(client, staff=True, may_view=True, may_stop=True)

    assert client.post(LOOK).status_code == 403
    assert not Deviation.objects.exists()


@pytest.mark.parametrize(("state", "hidden"), [("draft", False), ("open", True), ("paused", True), ("closed", False)])
def test_results_are_hidden_only_while_votes_can_come(client, state, hidden):
    study = opened_study()
    Study.objects.filter(pk=study.pk).update(state=state)
    account(client, staff=True, may_view=True, may_stop=True)

    assert ("Results are hidden" in text_of(client.get("/studies/s/report/"))) is hidden
    if not hidden:
        client.post(LOOK)
        assert not Deviation.objects.exists()


def test_a_rehearsals_votes_come_alone_while_evaluators_are_hidden_and_every_link_of_its_page_answers(client):
    study = opened_study(items=10, contrasts=("social:random",))
    play_session(study, prefer("social"))
    rehearse_study(study.pk, evaluators=4, at=START, seed=3)
    account(client, staff=True, may_view=True, may_stop=True)

    page = client.get("/studies/s/report/?include-rehearsal=1")
    links = set(re.findall(r'href="(/studies/s/[^"#]*\?include-rehearsal=1[^"]*)"', text_of(page)))
    votes = client.get("/studies/s/votes.csv?include-rehearsal=1").getvalue().decode()

    assert "/studies/s/votes.csv?include-rehearsal=1" in links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert {row["rehearsal"] for row in csv.DictReader(StringIO(votes))} == {"1"}


def test_a_rehearsal_is_shown_to_who_may_stop_the_study(client):
    study = opened_study(items=10, contrasts=("social:random",))
    rehearse_study(study.pk, evaluators=4, at=START, seed=3)
    account(client, staff=True, may_view=True, may_stop=True)

    assert "These are simulated votes" in text_of(client.get("/studies/s/report/?include-rehearsal=1"))
    assert client.get("/studies/s/report/votes/?include-rehearsal=1").status_code == 200
