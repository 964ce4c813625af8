"""A computed report is kept once for what it had seen; a closed study's page shows it while that is still so."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.models import Report
from analysis.report_json import report_as_json
from analysis.reports import build_report
from analysis.services.stored_reports import StudyMoved, report_marks, store_report, stored_report
from studies.services.exclusions import exclude_votes
from studies.services.launches import close_study
from studies.services.rehearsals import rehearse_study
from tests.factories import START

from .playing import opened_study, play_session, prefer
from .signing_in import account, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
LATER = START + timedelta(days=1)
TIME = re.compile(r'Computed <time .*?</time>|Computed on [^.]*? with RealTalk|"generated_at": "[^"]*"')


def store(study, *, at):
    return store_report(study, build_report(study, at=at), marks=report_marks(study))


@pytest.fixture
def closed():
    study = opened_study(items=4, contrasts=("social:random", "social:rude"))
    play_session(study, prefer("social"))
    play_session(study, prefer("random"))
    return close_study(study.pk, at=START)


def test_a_stored_report_is_the_report_as_computed(closed):
    kept = store(closed, at=LATER)

    kept.refresh_from_db()
    assert kept.content == report_as_json(build_report(closed, at=LATER))
    assert (kept.number_of_votes, kept.last_exclusion, kept.generated_at) == (8, 0, LATER)
    assert stored_report(closed) == build_report(closed, at=LATER)


def test_the_same_rows_are_kept_once_and_an_exclusion_makes_another(closed):
    first = store(closed, at=START)

    assert store(closed, at=LATER) == first
    exclude_votes(
        closed.pk, rule="by hand", reason="asked to", at=START, sessions=[closed.sessions.order_by("pk").first()]
    )
    assert stored_report(closed) is None
    second = store(closed, at=LATER)

    assert second != first
    assert [tuple(row) for row in stored_report(closed).exclusions] == [("by hand", 4, 1)]


def test_a_study_without_votes_has_a_report_to_keep():
    study = opened_study(items=4)

    assert store(study, at=START).last_vote == 0
    assert stored_report(study) is None, "who comes and goes changes the report of an open study"


def test_closing_makes_another_report_of_the_same_votes():
    study = opened_study(items=4)
    store(study, at=START)
    study = close_study(study.pk, at=START)

    assert stored_report(study) is None
    store(study, at=LATER)
    assert stored_report(study).state == "closed"


def test_a_report_of_a_study_that_moved_meanwhile_is_not_kept():
    study = opened_study(items=4)
    marks, report = report_marks(study), build_report(study, at=START)
    play_session(study, prefer("social"))

    with pytest.raises(StudyMoved, match="while the report was computed"):
        store_report(study, report, marks=marks)


def test_the_page_of_a_closed_study_is_the_kept_one_with_its_time(closed, client):
    account(client, staff=True, may_view=True)
    fresh, numbers, queries = seen_by(client)
    store(closed, at=LATER)
    kept, kept_numbers, fewer = seen_by(client)

    assert 'Computed <time datetime="2026-03-02T' in kept
    assert TIME.sub("", kept) == TIME.sub("", fresh)
    assert TIME.sub("", kept_numbers) == TIME.sub("", numbers)
    assert fewer < queries, "nothing is computed beside it"
    assert client.get("/studies/s/report/figures/forest.svg").status_code == 200


def seen_by(client):
    """The page, the numbers, and how many queries made the page."""
    with CaptureQueriesContext(connection) as asked:
        page = text_of(client.get("/studies/s/report/"))
    queries = len(asked)  # the next request forgets them
    numbers = client.get("/studies/s/report.json").content.decode()
    return page, numbers, queries


def test_what_another_version_wrote_is_computed_anew(closed, client):
    account(client, staff=True, may_view=True)
    Report.objects.create(study=closed, content='{"study": "s"}', generated_at=LATER, **report_marks(closed))

    assert stored_report(closed) is None
    assert client.get("/studies/s/report/").status_code == 200


def test_the_rehearsal_of_a_closed_study_is_not_the_kept_report(closed, client):
    rehearse_study(closed.pk, evaluators=2, at=START, seed=3)
    store(closed, at=LATER)
    account(client, staff=True, may_view=True)

    assert "These are simulated votes" in text_of(client.get("/studies/s/report/?include-rehearsal=1"))


def test_the_command_keeps_the_report_it_prints_but_no_rehearsals(capsys):
    opened_study(items=4)

    call_command("report_study", "s", "--store", "--format", "json")
    with pytest.raises(CommandError, match="A rehearsal's report is not kept"):
        call_command("report_study", "s", "--store", "--include-rehearsal")

    assert Report.objects.get().content == capsys.readouterr().out.removesuffix("\n")
