"""Left and right are recorded alike: whoever exchanges the two listeners gets every recorded number exchanged."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.coverage import PARTS, seen_in_full, viewing
from studies.models import Assignment, Choice, QuestionForm
from studies.playing import playing
from studies.services.launches import open_study
from studies.services.leases import fail_trial
from studies.services.sessions import begin_trials, start_session
from studies.services.votes import Answer, View, cast_vote
from tests.factories import START, make_study

STEP = timedelta(seconds=10)
OTHER = {"left": "right", "right": "left"}
# Columns that say who answered, and when in the test's own order.
OF_THE_SESSION = {"evaluator", "session", "trial_index"}

PIECES = st.lists(st.lists(st.floats(0, 8), min_size=2, max_size=2), max_size=3)
COUNT = st.none() | st.integers(0, 900)


def by_part(values):
    return st.fixed_dictionaries(dict.fromkeys(PARTS, values))


PLAYBACK = st.fixed_dictionaries({
    "drift": st.none() | st.fixed_dictionaries({"p95_ms": st.integers(0, 99), "max_ms": st.integers(0, 999)}),
    "start_ms": by_part(COUNT), "dropped": by_part(COUNT), "stalls": COUNT, "stalled_ms": COUNT,
    "sound_off_ms": st.none() | st.integers(-99, 99),
})  # fmt: skip
LOAD = st.fixed_dictionaries({"watched": by_part(PIECES), "plays": by_part(st.integers(0, 5)), "playback": PLAYBACK})


def swapped(told):
    """Every name with left or right in it, and every value that is one, as the other; all the way down."""
    if isinstance(told, dict):
        return {swapped_name(name): swapped(value) for name, value in told.items()}
    return OTHER.get(told, told) if isinstance(told, str) else told


def swapped_name(name: str) -> str:
    first, line, rest = name.partition("_")
    return OTHER.get(first, first) + line + rest


@settings(max_examples=60, deadline=None, derandomize=True)
@given(views=st.dictionaries(st.sampled_from("pqr"), LOAD, max_size=3))
def test_what_pages_told_is_summed_alike_for_left_and_right(views):
    seen, other = viewing(views, length_s=6.0), viewing(swapped(views), length_s=6.0)
    assert swapped(vars(seen)) == vars(other)
    assert swapped(playing(views)) == playing(swapped(views))
    assert seen_in_full(views, length_s=6.0) == seen_in_full(swapped(views), length_s=6.0)


WATCHED = {"speaker": [[0, 6]], "left": [[0, 5.95]], "right": [[0, 3], [2.5, 6]]}
PLAYS = {"speaker": 2, "left": 1, "right": 3}
PLAYED = {
    "drift": {"frames": 450, "p50_ms": 0, "p95_ms": 13, "max_ms": 27}, "stalls": 1, "stalled_ms": 70,
    "start_ms": {"speaker": 30, "left": 35, "right": 40}, "frames": {"speaker": 150, "left": 149, "right": 148},
    "dropped": {"speaker": 0, "left": 1, "right": 2}, "sound_off_ms": -12,
}  # fmt: skip


@pytest.fixture
def mirrored_trials(db) -> tuple[Assignment, Assignment]:
    """The two trials of one comparison, begun by two evaluators: what one has left, the other has right."""
    study = make_study(items=1, contrasts=("social:random",), votes_per_comparison=2, form=QuestionForm.STRENGTH)
    open_study(study.pk, at=START)
    trials = [begin_trials(start_session(study.pk, at=START).pk, at=START).assignment for _ in range(2)]
    assert (trials[0].left, trials[0].right) == (trials[1].right, trials[1].left)
    return tuple(trials)


def exported(command: str) -> list[dict[str, str]]:
    out = StringIO()
    call_command(command, "s", stdout=out)
    rows = csv.DictReader(StringIO(out.getvalue()))
    return [{name: value for name, value in row.items() if name not in OF_THE_SESSION} for row in rows]


@pytest.mark.data_layer
def test_an_answer_the_other_way_round_is_the_same_answer_in_every_column(mirrored_trials):
    for trial, way in zip(mirrored_trials, (lambda told: told, swapped), strict=True):
        view = View("p", way(WATCHED), way(PLAYS), way(PLAYED), shown_ago_ms=6500)
        answers = {"appropriate": Answer(Choice(way("left")), 2)}
        cast_vote(trial.session_id, trial.key, answers, at=START + STEP, rt_ms=6400, view=view, must_be_seen=True)
    for command, unlike in (("export_votes", 11), ("export_trials", 10)):
        one, other = exported(command)
        assert swapped(one) == other
        assert len([name for name in one if one[name] != other[name]]) == unlike
        assert one["left_coverage"] != one["right_coverage"]


@pytest.mark.data_layer
def test_a_failure_of_the_other_side_is_the_same_failure(mirrored_trials):
    one, other = [
        fail_trial(trial.session_id, str(trial.key), part=part, reason="HTTP 404", at=START + STEP)
        for trial, part in zip(mirrored_trials, ("left", "right"), strict=True)
    ]
    assert (one.failed_part, one.state) == (OTHER[other.failed_part], other.state)
    assert one.left == other.right
    assert [swapped(row) for row in exported("export_trials")][:1] == exported("export_trials")[1:]
