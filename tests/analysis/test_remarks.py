"""Reasons, presses and comments in the report: counted by hand, and told only to those who may read them."""

import csv
import json
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bundle.writing import write_bundle
from analysis.figures.gallery import figure_named
from analysis.figures.moments import MOST_DRAWN
from analysis.remarks import Added, Bin, Moments, Press, moments, reasons, together
from analysis.report_json import report_as_json
from analysis.report_parts import About
from analysis.report_text import report_as_text
from analysis.reports import build_report
from studies.services.launches import close_study
from studies.services.rehearsals import rehearse_study
from studies.services.remarks import Added as AddedByOne
from studies.services.sessions import Stage, begin_trials, start_session
from studies.services.votes import Answer, cast_vote
from tests.asked import ALL_FORMS
from tests.factories import START

from .playing import STEP, opened_study, watch
from .reporting import made_up_report
from .signing_in import account, text_of

SECRET = "<b>I am Ann</b> of 5 Mill Lane"


def test_reasons_are_counted_by_what_was_chosen():
    added = Added((("face", "The face"), ("gaze", "Gaze")), {("face", 2): 3, ("face", 0): 1, ("face", 1): 1})

    assert [tuple(reason) for reason in reasons(added, wins=6, ties=1, votes=9)] == [
        ("face", "The face", 3, 1, 1, 0.5, 0.5), ("gaze", "Gaze", 0, 0, 0, 0.0, 0.0),
    ]  # fmt: skip
    assert reasons(added, wins=0, ties=0, votes=0)[0][-2:] == (None, None)
    assert reasons(Added(), wins=1, ties=0, votes=1) is None


def test_presses_fall_into_half_seconds_and_the_last_moment_into_the_last():
    at = [(0.0, 2), (0.499, 0), (0.5, 2), (0.9, 1), (6.2, 2), (6.25, 2)]

    (found,) = moments(Added(presses=[Press("i", 6.25, second, halves) for second, halves in at]))

    assert found == Moments("i", 6.25, (Bin(0.0, 1, 1, 0), Bin(0.5, 1, 0, 1), Bin(6.0, 2, 0, 0)))
    assert moments(Added(presses=[])) == ()
    assert moments(Added()) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 7), st.sampled_from([0, 1, 2])), max_size=20))
def test_swapped_conditions_swap_the_sides_of_the_line_and_order_changes_nothing(told):
    def found(rows):
        return moments(Added(presses=[Press(item, 7.0, at_s, halves) for item, at_s, halves in rows]))

    swapped = [
        Moments(one.item, 7.0, tuple(Bin(start, theirs, ours, ties) for start, ours, theirs, ties in one.bins))
        for one in found([(item, at_s, 2 - halves) for item, at_s, halves in told])
    ]

    assert found(told[::-1]) == found(told) == tuple(swapped)
    assert together([*found(told[:7]), *found(told[7:])]) == found(told)
    assert sum(sum(votes) for one in found(told) for _, *votes in one.bins) == len(told)


def test_the_figure_draws_both_sides_of_the_line_and_the_clips_with_the_most_presses():
    presses = [Press(f"clip{number:02d}", 6.0, 1.2, 2) for number in range(40) for _ in range(1 + (number >= 8))]
    presses += [Press("clip39", 6.0, 5.9, 0), Press("clip39", 6.0, 3.0, 1)]
    report = made_up_report(about=About(added={("social", "random"): Added(presses=presses)}))

    figure = figure_named(report, "moments")

    bars = [mark for mark in figure.marks if mark.tag == "rect"]
    assert [mark.kind for mark in bars] == ["for-all"] * MOST_DRAWN + ["against-all"]
    assert bars[-1].hint == "clip39, from 5.5 s: 1 with a vote for the control"
    assert f"Drawn are the {MOST_DRAWN} of 40 clips" in figure.caption
    told = "clip39, 6.0 s: 2 for the treatment, most from 1 s; 1 for the control, most from 5.5 s."
    assert figure.description.endswith(told)
    assert figure.rows[-1].cells == ("clip39", "6.0 s", "2", "1 s", "1", "5.5 s", "1")


@pytest.fixture
def study(db):
    """One session: each of its two answers for social has a reason and a press, and the first a comment."""
    study = opened_study(items=2, contrasts=("social:random",), asking=ALL_FORMS)
    session = start_session(study.pk, at=START)
    place, at = begin_trials(session.pk, at=START), START
    while place.stage == Stage.TRIAL:
        trial, at = place.assignment, at + STEP
        social, other = ("left", "right") if trial.left.condition == "social" else ("right", "left")
        answers = {"appropriate": Answer(social, 2), "warmer": Answer("tie"), "attentive": Answer(other)}
        first = at == START + STEP
        ticked = {"appropriate": ["face", "timing"] if first else ["face"], "attentive": ["nods"]}
        added = AddedByOne(ticked, SECRET if first else "", 2.25 if first else 6.0)
        place = cast_vote(session.pk, trial.key, answers, added=added, at=at, view=watch())
    return study


@pytest.mark.data_layer
def test_each_question_has_its_own_reasons_and_its_own_votes_beside_the_presses(study):
    found = {key: build_report(study, question=key, at=START).contrasts[0] for key in ("appropriate", "attentive")}
    warmer = build_report(study, question="warmer", at=START).contrasts[0]

    assert [tuple(reason)[:5] for reason in found["appropriate"].reasons] == [
        ("face", "The face", 2, 0, 0), ("timing", "The timing", 1, 0, 0), ("other", "Something else", 0, 0, 0),
    ]  # fmt: skip
    assert [tuple(reason)[2:] for reason in found["attentive"].reasons] == [(0, 0, 0, None, 0.0), (0, 2, 0, None, 1.0)]
    bins = {key: sorted(one.bins for one in contrast.moments) for key, contrast in found.items()}
    assert bins["appropriate"] == [(Bin(2.0, 1, 0, 0),), (Bin(5.5, 1, 0, 0),)]
    assert bins["attentive"] == [(Bin(2.0, 0, 1, 0),), (Bin(5.5, 0, 1, 0),)]
    assert (warmer.reasons, sorted(one.bins for one in warmer.moments)[0]) == (None, (Bin(2.0, 0, 0, 1),))
    assert (found["appropriate"].clarity.points.clearly_treatment, found["attentive"].clarity) == (2, None)
    assert "Reasons ticked with 2 votes for social: face 2, timing 1, other 0" in report_as_text(
        build_report(study, at=START)
    )


@pytest.mark.parametrize(
    ("may_stop", "closed", "told"), [(True, True, True), (False, True, False), (False, False, False)]
)
def test_comments_are_told_escaped_to_who_may_change_studies_and_stand_in_no_download(
    client, study, may_stop, closed, told
):
    if closed:
        close_study(study.pk, at=START + 50 * STEP)
    account(client, staff=True, may_view=True, may_stop=may_stop)

    page = client.get("/studies/s/report/")

    assert ("&lt;b&gt;I am Ann&lt;/b&gt;" in page.content.decode()) is told
    assert SECRET not in page.content.decode()
    assert ("Comments (1)" in text_of(page)) is told
    assert "face" in report_as_json(build_report(study, at=START))
    assert "2 of 2 (100.0 %)" in text_of(page)
    for name in ("report.json", "report.html", "report.csv", "report.tex", "methods.txt", "report/votes/"):
        assert "Mill Lane" not in client.get(f"/studies/s/{name}").content.decode()


@pytest.mark.django_db
def test_a_rehearsal_of_every_form_recomputes_itself_and_finds_a_reason_or_a_press_that_is_gone(tmp_path):
    study = opened_study(items=12, contrasts=("social:random",), votes_per_comparison=3, asking=ALL_FORMS)
    rehearse_study(study.pk, evaluators=3, preference={"social": 0.8}, ties=0.2, at=START, seed=3)
    write_bundle(study, tmp_path / "b.zip", rehearsal=True)
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        bundle.extractall(tmp_path)
    told = json.loads((tmp_path / "report.json").read_text())["contrasts"][0]
    assert told["clarity"]["interval"] and told["reasons"] and told["moments"]

    ran = subprocess.run(
        [sys.executable, "reproduce.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "clarity.mean" in ran.stdout
    assert "presses" not in ran.stdout.partition("not recomputed: ")[2]

    rows = list(csv.DictReader((tmp_path / "votes.csv").open(newline="")))
    for column in ("decided_s", "reasons"):
        counted = (row for row in rows if row["kind"] == "main" and row["question"] == "appropriate")
        next(row for row in counted if row[column])[column] = ""
    with (tmp_path / "votes.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    again = subprocess.run(
        [sys.executable, "reproduce.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert again.returncode == 1
    differing = "".join(line for line in again.stdout.splitlines() if line.startswith("DIFFERS"))
    assert "reasons[" in differing
    assert "moments" in differing
