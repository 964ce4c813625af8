"""The report of a question that is not the primary one: its own answers, all exploratory, in every form."""

import json
import zipfile
from html import unescape
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analysis import wording
from analysis.bundle.writing import write_bundle
from analysis.latex import latex_table
from analysis.methods_text import methods_paragraph
from analysis.models import Report as StoredReport
from analysis.records import NoQuestion
from analysis.report_json import report_as_dict
from analysis.reports import build_report
from studies.asking import AskedQuestion, Asking
from studies.models import Plan
from studies.services.launches import close_study, open_study
from studies.services.sessions import Stage, begin_trials, start_session
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

from .playing import STEP, watch
from .signing_in import account, text_of

pytestmark = pytest.mark.django_db

ASKED = Asking((AskedQuestion("better", "Which is better?"), AskedQuestion("warm", "Which is warmer?", "tie")))


@pytest.fixture
def study():
    """Closed, four votes: of all who found social better, the treatment, nobody found it warmer, and one saw a tie."""
    study = make_study(items=2, contrasts=("social:random",), votes_per_comparison=2, asking=ASKED)
    contrast = study.contrasts.get()
    Plan.objects.filter(study=study).update(primary_contrast=contrast, equivalence_margin=0.1)
    open_study(study.pk, at=START)
    for number in range(2):
        session = start_session(study.pk, at=START)
        place, at = begin_trials(session.pk, at=START), START
        while place.stage == Stage.TRIAL:
            trial, at = place.assignment, at + STEP
            social = "left" if trial.left.condition == "social" else "right"
            other = "right" if social == "left" else "left"
            warm = Answer("tie") if number == 0 and at == START + STEP else Answer(other)
            place = cast_vote(session.pk, trial.key, {"better": Answer(social), "warm": warm}, at=at, view=watch())
    return close_study(study.pk, at=START + 100 * STEP)


def test_each_question_is_answered_by_its_own_answers(study):
    better, warm = (build_report(study, question=key, at=START) for key in ("better", "warm"))

    assert better == build_report(study, at=START)
    assert [(r.question, r.secondary_to) for r in (better, warm)] == [("better", None), ("warm", "better")]
    assert [
        (c.summary.votes, c.summary.wins, c.summary.ties, c.summary.share)
        for report in (better, warm)
        for c in report.contrasts
    ] == [(4, 4, 0, 1.0), (4, 0, 1, 0.125)]


def test_another_question_is_exploratory_whatever_the_plan_says_of_its_comparison_groups(study):
    better, warm = (build_report(study, question=key, at=START) for key in ("better", "warm"))

    assert (len(better.planned), len(better.exploratory)) == (1, 0)
    assert (len(warm.planned), len(warm.exploratory)) == (0, 1)
    assert (better.plan.primary, better.plan.equivalence_margin) == ("social:random", 0.1)
    assert (warm.plan.primary, warm.plan.equivalence_margin, warm.contrasts[0].equivalence) == (None, None, None)
    assert warm.contrasts[0].holm_p is None
    assert "no test of it was planned" in methods_paragraph(warm)
    assert "A secondary question" in latex_table(warm)
    assert "Holm" not in latex_table(warm)
    assert "secondary question" not in methods_paragraph(better) + latex_table(better)


def test_a_question_that_is_not_asked_is_answered_with_those_that_are(study, client):
    with pytest.raises(NoQuestion, match=r"no question 'cold'. Its questions: better, warm"):
        build_report(study, question="cold", at=START)
    researcher = account(client, staff=True, may_view=True)
    assert researcher.get("/studies/s/report/?question=cold").status_code == 404


def test_the_command_reports_it_and_keeps_only_the_primary_one(study):
    out = StringIO()
    call_command("report_study", "s", "--question", "warm", "--format", "json", stdout=out)
    assert json.loads(out.getvalue())["contrasts"][0]["wins"] == 0
    out = StringIO()
    call_command("report_study", "s", "--question", "warm", stdout=out)
    assert out.getvalue().splitlines()[1] == wording.SECONDARY

    with pytest.raises(CommandError, match="Only the primary question's report is kept"):
        call_command("report_study", "s", "--question", "warm", "--store", stdout=StringIO())
    assert not StoredReport.objects.exists()


def test_page_and_downloads_follow_the_question_also_where_the_primary_ones_report_is_kept(study, client):
    call_command("report_study", "s", "--store", stdout=StringIO())
    researcher = account(client, staff=True, may_view=True)
    page = text_of(researcher.get("/studies/s/report/?question=warm"))

    assert wording.SECONDARY in page
    assert "social was chosen over random in 0 of 4 votes" in page
    assert '<a href="/studies/s/report/">Which is better?</a>' in page
    assert '<span aria-current="page">Which is warmer?</span>' in page
    assert 'href="/studies/s/report/votes/?question=warm&contrast=social%3Arandom"' in page
    for name in ("report.json", "report.csv", "report.tex", "report.html", "methods.txt", "report/figures/forest.svg"):
        assert f"/studies/s/{name}?question=warm" in page
        mine, primary = (researcher.get(f"/studies/s/{name}{query}") for query in ("?question=warm", ""))
        assert mine.content != primary.content
        if "Content-Disposition" in mine:
            assert "s-warm-" in mine["Content-Disposition"]
    votes = text_of(researcher.get("/studies/s/report/votes/?question=warm&contrast=social%3Arandom&chosen=tie"))
    assert "Votes that count (1)" in votes
    assert 'href="/studies/s/report/?question=warm"' in votes
    assert "secondary" not in unescape(researcher.get("/studies/s/report/").content.decode())


def test_the_bundle_stays_on_the_primary_question_and_holds_the_answers_to_all(study, tmp_path):
    write_bundle(study, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        bundle.extractall(tmp_path)
    told = json.loads((tmp_path / "report.json").read_text())
    assert (told["question"], told["secondary_to"], told["contrasts"][0]["wins"]) == ("better", None, 4)
    assert report_as_dict(build_report(study, at=START))["contrasts"] == told["contrasts"]
    assert (tmp_path / "votes.csv").read_text().count(",warm,") == 4
