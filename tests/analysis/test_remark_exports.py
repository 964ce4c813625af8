"""What evaluators add to their answers, in the exports: reasons and presses for all, comments for those who ask."""

import csv
import io
import zipfile
from io import StringIO

import pytest
from django.core.management import call_command

from analysis.bundle.writing import write_bundle
from analysis.exports import TRIAL_COLUMNS
from studies.models import Session
from studies.services.remarks import Added
from studies.services.sessions import begin_trials, start_session
from studies.services.votes import Answer, cast_vote
from tests.asked import ALL_FORMS
from tests.factories import START

from .playing import STEP, opened_study, watch
from .signing_in import account

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]

FORMULA = '=HYPERLINK("http://x","press")\nand a second line'
ADDED = Added({"appropriate": ["face", "timing"], "attentive": ["nods"]}, FORMULA, 2.25)
ANSWERS = {"appropriate": Answer("left", 2), "warmer": Answer("tie"), "attentive": Answer("right")}


@pytest.fixture
def study():
    """One session that added something to its first answers and nothing to its second."""
    study = opened_study(items=2, contrasts=("social:random",), asking=ALL_FORMS)
    session = start_session(study.pk, at=START)
    trial = begin_trials(session.pk, at=START).assignment
    place = cast_vote(session.pk, trial.key, ANSWERS, added=ADDED, at=START + STEP, view=watch())
    cast_vote(session.pk, place.assignment.key, ANSWERS, at=START + 2 * STEP, view=watch())
    return study


def rows_in(text):
    return list(csv.DictReader(StringIO(text, newline="")))


def exported(*arguments):
    out = StringIO()
    call_command("export_votes", "s", *arguments, stdout=out)
    return rows_in(out.getvalue())


def downloaded(client, query=""):
    return rows_in(b"".join(client.get(f"/studies/s/votes.csv{query}").streaming_content).decode())


def test_each_answer_has_the_reasons_of_its_own_question_and_the_trials_press(study):
    added = [(row["question"], row["reasons"], row["comment"], row["decided_s"]) for row in exported()]

    assert added == [
        ("appropriate", "face;timing", "", "2.25"), ("warmer", "", "", "2.25"), ("attentive", "nods", "", "2.25"),
        ("appropriate", "", "", ""), ("warmer", "", "", ""), ("attentive", "", "", ""),
    ]  # fmt: skip
    assert not {"reasons", "comment", "decided_s"} & set(TRIAL_COLUMNS)


def test_comments_are_there_where_asked_for_and_no_spreadsheet_runs_them(study):
    comments = [row["comment"] for row in exported("--include-comments")]

    assert comments == [f"'{FORMULA}"] * 3 + [""] * 3


def test_a_bundle_holds_no_comment_and_all_its_questions(study):
    out = io.BytesIO()
    write_bundle(study, out)
    with zipfile.ZipFile(out) as bundle:
        everything = {name: bundle.read(name).decode() for name in bundle.namelist()}

    assert {row["comment"] for row in rows_in(everything["votes.csv"])} == {""}
    assert [name for name, text in everything.items() if "HYPERLINK" in text] == []
    assert [row["question"] for row in rows_in(everything["votes.csv"])][:3] == [
        "appropriate", "warmer", "attentive",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("may_stop", "state", "query", "told"),
    [
        (True, "closed", "?include-comments=1", True),
        (True, "closed", "", False),
        (False, "closed", "?include-comments=1", False),
        (False, "open", "?include-comments=1", False),
    ],
)
def test_only_who_may_change_studies_downloads_comments(client, study, may_stop, state, query, told):
    type(study).objects.filter(pk=study.pk).update(state=state)
    account(client, staff=True, may_view=True, may_stop=may_stop)

    assert [bool(row["comment"]) for row in downloaded(client, query)] == [told] * 3 + [False] * 3


def test_hidden_results_hide_what_was_added_and_a_rehearsals_comments_stay_out(client, study):
    Session.objects.filter(study=study).update(rehearsal=True)
    account(client, staff=True, may_view=True, may_stop=True)

    assert client.get("/studies/s/votes.csv?include-comments=1").status_code == 403
    rehearsed = downloaded(client, "?include-rehearsal=1&include-comments=1")
    assert [row["comment"] for row in rehearsed] == [""] * 6
    trials = b"".join(client.get("/studies/s/trials.csv?include-rehearsal=1").streaming_content).decode()
    assert "timing" not in trials
    assert "HYPERLINK" not in trials
