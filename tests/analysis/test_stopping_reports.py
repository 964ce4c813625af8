"""The looks of a stopping rule are part of the report, as `look_study` finds them, and of nothing that is hidden."""

import math

import pytest

from analysis.latex import latex_table
from analysis.methods_text import methods_paragraph
from analysis.pages.looks import looks
from analysis.report_json import report_as_dict
from analysis.report_text import report_as_text
from analysis.reports import build_report
from analysis.stopping_records import look_at
from studies.models import Plan
from studies.services.launches import close_study
from tests.factories import START, make_study

from .signing_in import account, text_of
from .test_bundle import alone, bundled, unpacked  # noqa: F401 - a fixture
from .test_stopping_study import alternating, looking_study, play

pytestmark = pytest.mark.django_db
TELLS = "looks:15,20;spending=obrien-fleming;then=tell"


def report_of(study):
    return build_report(study, at=START)


def decisions(study):
    return [look["decision"] for look in report_as_dict(report_of(study))["looks"]]


def test_a_look_that_stops_is_in_json_text_and_page_as_it_was_computed():
    study = looking_study()
    play(study, sessions=6)
    report = report_of(study)
    first, second = report_as_dict(report)["looks"]

    assert report.looks == look_at(study).planned
    assert first | {"complete_at": None} == {
        "contrast": "social:random", "speakers": 15, "complete_at": None, "votes": 30, "value": 30, "boundary": 22,
        "p": 2.0**-14, "decision": "stop",
    }  # fmt: skip
    assert first["complete_at"].startswith(f"{START:%Y-%m-%d}T")
    assert second == dict.fromkeys(first) | {"contrast": "social:random", "speakers": 20, "decision": "not made"}
    text = report_as_text(report)
    assert "at 15 completed speakers: stop (30 votes, +30, stops from ±22, p < .001)" in text
    section = looks(report)
    assert section.paragraphs[0].startswith("Look 1 of 2, at 15 completed speakers on 1 March 2026, said stop. ")
    assert "it is not adjusted for stopping at a look" in section.paragraphs[0]
    (table,) = section.tables
    assert [cell.text for cell in table.rows[0]] == ["15", "1 March 2026", "30", "+30", "±22", "< .001", "stop"]
    assert [cell.text for cell in table.rows[1]] == ["20", "–", "–", "–", "–", "–", "not made"]


def test_a_paper_says_that_the_study_was_looked_at(unpacked):  # noqa: F811
    study = looking_study()
    play(study, sessions=6)
    report = report_of(study)

    methods = methods_paragraph(report)
    assert "Planned looks at 15 and 20 completed speakers" in methods
    assert "Look 1 of 2, at 15 completed speakers on 1 March 2026, said stop." in methods
    assert "Adjusted for the looks, p of social:random is < .001." in methods
    assert "are not adjusted for the plan's looks; adjusted for them, $p$: $<$ .001." in latex_table(report)
    done = alone(unpacked(bundled(study)))
    assert (done.returncode, " 0 differ." in done.stdout) == (0, True), done.stdout
    assert "looks of the stopping rule" in done.stdout


def test_looks_are_due_go_on_and_end():
    study = looking_study()
    assert decisions(study) == ["due", "due"]
    assert looks(report_of(study)).paragraphs == ("No look was made yet; the first is at 15 completed speakers.",)
    choose = alternating()
    play(study, sessions=6, choose=choose)
    assert decisions(study) == ["go on", "due"]
    assert looks(report_of(study)).paragraphs[0].endswith("said go on; the next is at 20 completed speakers.")
    play(study, sessions=2, choose=choose)
    assert decisions(study) == ["go on", "the end"]
    assert looks(report_of(study)).paragraphs[0].endswith("was the last; no look said stop.")


def test_an_e_process_shows_its_evidence_at_each_look():
    study = looking_study("e-process:10,15,20", votes=1)
    play(study, sessions=3)
    report = report_of(study)
    first = report.looks[0]

    assert [look.decision for look in report.looks] == ["stop", "not made", "not made"]
    assert first.boundary == math.log(20)
    assert first.p == math.exp(-first.value) == math.exp(-max(look_at(study).evidence.log_e[:10]))
    assert look_at(study).sentence.endswith("Anytime-valid p = .005; 20 to 1 are needed.")
    row = [cell.text for cell in looks(report).tables[0].rows[0]]
    assert row[3:] == [f"{math.exp(first.value):.3g} to 1", "20 to 1", ".005", "stop"]


def test_a_fixed_study_and_a_draft_whose_rule_does_not_fit_have_no_looks():
    fixed, draft = make_study(key="f"), make_study(key="d", contrasts=("social:random",))
    Plan.objects.filter(study=draft).update(stopping_rule="looks:", primary_contrast=draft.contrasts.get())

    for study in (fixed, draft):
        report = report_of(study)
        assert report_as_dict(report)["looks"] is None
        assert looks(report).is_empty
        assert "Looks" not in report_as_text(report)


def test_looks_are_hidden_from_who_may_stop_the_study_until_it_is_closed(client):
    study = looking_study(TELLS, votes=1)
    play(study, sessions=3)
    account(client, staff=True, may_view=True, may_stop=True)
    hidden = text_of(client.get("/studies/s/report/"))
    for told in ("The stopping rule’s looks", "+15", "±11", "not made"):
        assert told not in hidden
    assert client.get("/studies/s/report.json").status_code == 403

    close_study(study.pk, at=START)

    assert "The stopping rule’s looks at social : random" in text_of(client.get("/studies/s/report/"))
