"""A study with an adaptive share, from plan to report: uniform votes make the shares, all votes make the ranking."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connections

from analysis.bradley_terry import bradley_terry
from analysis.exports import votes_csv
from analysis.records import primary_question
from analysis.report_json import report_as_dict
from analysis.report_text import report_as_text
from analysis.reports import build_report
from analysis.services.adaptive import open_due_batch
from analysis.tasks import open_adaptive_batches
from analysis.vote_records import votes_of
from studies.models import Slot
from studies.queries import adaptive_slots, study_progress
from studies.services.launches import close_study, open_study, pause_study
from studies.services.planning import edit_plan
from studies.services.sessions import Stage, begin_trials, may_take_arrivals, start_session
from tests.factories import START, make_study
from tests.studies.invariants import check_study

from .playing import play_session
from .test_bundle import alone, bundled, unpacked  # noqa: F401

PAIRS = ("a:b", "a:c", "b:c")


def adaptive_study(*, share=0.5, items=4, votes=2, **settings):
    study = make_study(items=items, votes_per_comparison=votes, contrasts=PAIRS, **settings)
    edit_plan(study.pk, changes={"adaptive_share": share})
    return study


def in_order(trial):
    """a before b before c."""
    return "left" if trial.left.condition < trial.right.condition else "right"


def printed(command, *arguments):
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.data_layer
def test_a_study_is_full_when_its_uniform_and_its_adaptive_votes_are_in():
    study = open_study(adaptive_study().pk, at=START)
    progress = study_progress(study)
    assert (progress.target, progress.unopened, progress.short_by, progress.sessions_needed) == (48, 24, 48, 12)
    assert open_adaptive_batches() == 0, "all uniform slots are still wanted"
    for _ in range(6):
        play_session(study, in_order)
    assert (study_progress(study).short_by, adaptive_slots(study).due) == (24, 8)
    assert may_take_arrivals(study)
    waiting = start_session(study.pk, at=START)
    assert begin_trials(waiting.pk, at=START).stage == Stage.WAITING, "a batch is to open"
    batches = []
    while opened := open_adaptive_batches():
        assert open_adaptive_batches() == 0, "a batch is opened once"
        batches.append(opened)
        for _ in range(opened // 4):
            play_session(study, in_order)
        check_study(study)
    assert batches == [8, 8, 8]
    progress = study_progress(study)
    assert (progress.target, progress.valid, progress.unopened, progress.sessions_needed) == (48, 48, 0, 0)
    assert begin_trials(waiting.pk, at=START).stage == Stage.FULL


@pytest.mark.django_db(transaction=True)
@pytest.mark.data_layer
def test_two_workers_at_once_open_one_batch():
    study = open_study(adaptive_study().pk, at=START)
    for _ in range(6):
        play_session(study, in_order)
    together = Barrier(2)

    def worker(_):
        try:
            together.wait(timeout=30)
            return sum(open_due_batch(study.pk).values())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(worker, range(2))) == [0, 8]
    assert Slot.objects.filter(adaptive=True).count() == 8


@pytest.mark.django_db
def test_the_command_opens_a_batch_or_says_why_not():
    study = open_study(adaptive_study().pk, at=START)
    assert printed("open_batch", study.key) == (
        "24 adaptive slots are to come; the next batch opens when under 4 slots are unanswered. Now 24 are.\n"
    )
    for _ in range(6):
        play_session(study, in_order)
    pause_study(study.pk, at=START)
    assert printed("open_batch", study.key) == "Study 's' is paused: batches open in an open study.\n"
    assert open_adaptive_batches() == 0
    open_study(study.pk, at=START)
    assert printed("open_batch", study.key).startswith("8 slots opened, 16 more to come.\n  ")
    close_study(study.pk, at=START)
    assert printed("open_batch", make_study(key="o").key) == "Study 'o' has no adaptive slots to open now.\n"


@pytest.mark.django_db
def test_a_rehearsal_tries_all_of_it_out(client, admin_user, tmp_path, unpacked):  # noqa: F811
    study = adaptive_study(items=10)
    said = printed("rehearse_study", study.key, "--evaluators", "12", "--preference", "a=0.7", "--speaker-sd", "0.5")
    assert said.startswith("12 simulated evaluators: 12 finished, 0 left early, 0 found no place; 120 votes.")
    assert not Slot.objects.filter(rehearsal=False).exists()
    check_study(study, rehearsal=True)

    report = build_report(study, rehearsal=True, at=START)
    votes = votes_of(study, primary_question(study), rehearsal=True)
    assert [contrast.summary.votes for contrast in report.contrasts] == [20, 20, 20]
    assert (report.adaptive_votes, int(np.count_nonzero(votes.adaptive))) == (60, 60)
    for number, contrast in enumerate(report.contrasts):
        rows = ~votes.adaptive & (votes.contrast == number)
        assert contrast.summary.share == votes.halves[rows].sum() / 40
        further = int(np.count_nonzero(votes.adaptive & (votes.contrast == number)))
        assert contrast.target == contrast.valid == 20 + further
        assert any(note.startswith(f"{further} further votes are adaptive") for note in contrast.notes) == (further > 1)
    assert report.bradley_terry == bradley_terry(votes.in_order()), "all votes are in the ranking"
    assert report.agreement.units == 30

    assert "60 of the counted votes are adaptive" in report_as_text(report)
    client.force_login(admin_user)
    address = f"/studies/{study.key}"
    page = client.get(f"{address}/report/?include-rehearsal=1").content.decode()
    assert "60 of the counted votes are adaptive" in page
    listed = client.get(f"{address}/report/votes/?include-rehearsal=1").content.decode()
    assert "Votes that count (60)" in listed
    assert "Adaptive votes, which count in the ranking only (60)" in listed

    file = tmp_path / "votes.csv"
    file.write_text("".join(votes_csv(study, with_rehearsal=True)))
    assert sum(row["adaptive"] == "1" for row in csv.DictReader(file.open())) == 60
    again = json.loads(printed("analyse_votes", str(file), "--format", "json", "--include-rehearsal"))
    told = report_as_dict(report)
    for name in ("bradley_terry", "agreement", "adaptive_votes"):
        assert again[name] == told[name]
    assert [row["interval"] for row in again["contrasts"]] == [list(row["interval"]) for row in told["contrasts"]]

    done = alone(unpacked(bundled(study, rehearsal=True)))
    assert (done.stderr, done.returncode) == ("", 0)
