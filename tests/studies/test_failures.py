"""Videos that do not play: the slot goes on, a bad video is held, and nobody can close a study by complaining."""

from datetime import timedelta

import pytest

from studies.models import Assignment, Choice, Slot, Stimulus
from studies.queries import free_slots, study_progress
from studies.services.exclusions import exclude_votes, undo_exclusion
from studies.services.launches import open_study
from studies.services.leases import HELD, fail_trial
from studies.services.rehearsals import rehearse_study
from studies.services.releases import release_stimulus
from studies.services.sessions import Stage, begin_trials, resume, start_session
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

from .invariants import check_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


@pytest.fixture
def study():
    study = make_study(items=3, contrasts=("social:random",), votes_per_comparison=6, practice=1)
    return open_study(study.pk, at=START)


def begin(study):
    session = start_session(study.pk, at=START)
    return session, begin_trials(session.pk, at=START).assignment


def vote(session, trial, at):
    return cast_vote(session.pk, trial.key, {"appropriate": Answer(Choice.LEFT)}, at=at)


def fail_all(session, trial) -> Stage:
    place = resume(session.pk, at=START)
    while place.assignment:
        fail_trial(session.pk, place.assignment.key, part="speaker", reason="no codec", at=START)
        place = resume(session.pk, at=START)
    return place.stage


def test_who_can_play_nothing_gets_no_code_and_holds_nothing(study):
    for _ in range(4):
        session, trial = begin(study)
        assert fail_all(session, trial) == Stage.UNPLAYABLE
        session.refresh_from_db()
        assert session.finished_at is None
    assert not Stimulus.objects.filter(held_at__isnull=False).exists()
    assert study_progress(study).short_by == study_progress(study).target == 18
    check_study(study)


def test_a_trial_that_has_not_begun_cannot_fail(study):
    session, trial = begin(study)
    ahead = session.assignments.exclude(pk=trial.pk).first()
    fail_trial(session.pk, ahead.key, part="left", reason="x", at=START)
    ahead.refresh_from_db()
    assert ahead.state == "live"


def failing(study, item) -> None:
    """Someone who plays everything but this item's treatment."""
    session, _ = begin(study)
    at, place = START, resume(session.pk, at=START)
    while place.assignment:
        at += timedelta(minutes=1)
        if place.assignment.item_id == item.pk:
            side = "left" if place.assignment.left.condition == "social" else "right"
            fail_trial(session.pk, place.assignment.key, part=side, reason="stalled", at=at)
            place = resume(session.pk, at=at)
        else:
            place = vote(session, place.assignment, at)
    check_study(study)


def test_a_video_that_fails_for_three_who_play_others_is_held_and_can_be_released(study):
    item = study.items.filter(kind="main").first()
    for _ in range(3):
        assert not Stimulus.objects.filter(held_at__isnull=False).exists()
        failing(study, item)
    held = Stimulus.objects.get(held_at__isnull=False)
    assert (held.item, held.condition) == (item, "social")
    assert set(Slot.objects.filter(closed_reason=HELD).values_list("comparison__item", flat=True)) == {item.pk}
    assert not free_slots(study).filter(comparison__item=item).exists()
    assert study_progress(study).closed == 6
    release_stimulus(held.pk, at=START)
    assert study_progress(study).closed == 0
    assert free_slots(study).filter(comparison__item=item).count() == 6
    check_study(study)


def test_a_release_settles_what_was_excluded_and_undone_meanwhile(study):
    item = study.items.filter(kind="main").first()
    voters = []
    for _ in range(2):
        session, _ = begin(study)
        at, place = START, resume(session.pk, at=START)
        while place.assignment:
            at += timedelta(minutes=1)
            place = vote(session, place.assignment, at)
        voters.append(session.assignments.get(item=item, kind="main"))
    terms = {"rule": "failed_catch", "reason": "test", "at": START}
    (before,) = exclude_votes(study.pk, assignments=[voters[0]], **terms)
    for _ in range(3):
        failing(study, item)
    held = Stimulus.objects.get(held_at__isnull=False)
    undo_exclusion(before.pk, reason="a mistake", at=START)
    exclude_votes(study.pk, assignments=[voters[1]], **terms)
    check_study(study)
    release_stimulus(held.pk, at=START)
    check_study(study)
    assert not Slot.objects.filter(replaces=voters[0], closed_at__isnull=True).exists()
    assert Slot.objects.filter(replaces=voters[1], closed_at__isnull=True).count() == 1


def test_a_rehearsal_ends_nobodys_lease(study):
    begin(study)
    rehearse_study(study.pk, evaluators=6, preference={"social": 0.7}, at=START)
    begin(study)
    states = Assignment.objects.filter(session__rehearsal=False).values_list("state", flat=True)
    assert set(states) == {"live"}


def test_who_comes_back_to_a_full_study_is_not_led_through_practice_alone():
    study = make_study(items=1, contrasts=("a:b",), votes_per_comparison=1, practice=1, catch=1)
    open_study(study.pk, at=START)
    early, _ = begin(study)
    late = START + timedelta(minutes=31)
    session = start_session(study.pk, at=late)
    place = begin_trials(session.pk, at=late)
    while place.assignment:
        late += timedelta(minutes=1)
        place = vote(session, place.assignment, late)
    assert place.stage == Stage.THANKS
    assert resume(early.pk, at=late).stage == Stage.FULL
    assert not early.assignments.filter(state="live").exists()
