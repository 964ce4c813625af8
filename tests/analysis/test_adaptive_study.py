"""A study with an adaptive share, from plan to report: uniform votes make the shares, all votes make the ranking."""


import pytest

from analysis.tasks import open_adaptive_batches
from studies.queries import adaptive_slots, study_progress
from studies.services.launches import open_study
from studies.services.planning import edit_plan
from studies.services.sessions import Stage, begin_trials, may_take_arrivals, start_session
from tests.factories import START, make_study
from tests.studies.invariants import check_study

from .playing import play_session

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
PAIRS = ("a:b", "a:c", "b:c")


def adaptive_study(*, share=0.5, items=4, votes=2, **settings):
    study = make_study(items=items, votes_per_comparison=votes, contrasts=PAIRS, **settings)
    edit_plan(study.pk, changes={"adaptive_share": share})
    return study


def in_order(trial):
    """a before b before c."""
    return "left" if trial.left.condition < trial.right.condition else "right"


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
