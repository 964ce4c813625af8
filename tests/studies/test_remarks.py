"""What is answered and added to a trial of several questions is kept whole, once, and only what the study asks for."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from studies.models import Assignment, Choice, Remark, TrialKind, Vote
from studies.services.launches import open_study
from studies.services.rehearsals import clear_rehearsal, rehearse_study
from studies.services.remarks import Added, cleaned
from studies.services.sessions import begin_trials, start_session
from studies.services.votes import AlreadyAnswered, Answer, VoteRefused, cast_vote
from tests.asked import ALL_FORMS
from tests.factories import LENGTH_S, START, make_study

DONE = START + timedelta(seconds=LENGTH_S)
ANSWERS = {
    "appropriate": Answer(Choice.RIGHT, 2),
    "warmer": Answer(Choice.TIE),
    "attentive": Answer(Choice.LEFT),
}
ADDED = Added({"appropriate": ["timing", "face"], "warmer": []}, " It nods\x00\x07 late.\r\n ", 2.5)


@pytest.fixture
def study():
    return open_study(make_study(items=2, contrasts=("a:b",), votes_per_comparison=1, asking=ALL_FORMS).pk, at=START)


@pytest.fixture
def trial(study) -> Assignment:
    return begin_trials(start_session(study.pk, at=START).pk, at=START).assignment


def give(trial: Assignment, answers=ANSWERS, added=ADDED):
    return cast_vote(trial.session_id, trial.key, answers, added=added, at=DONE, rt_ms=6100)


@pytest.mark.django_db
@pytest.mark.data_layer
def test_every_answer_and_what_was_added_are_kept_together(trial):
    place = give(trial)
    rows = Vote.objects.order_by("question__position").values_list("question__key", "choice", "strength", "rt_ms")
    assert list(rows) == [
        ("appropriate", "right", 2, 6100), ("warmer", "tie", None, 6100), ("attentive", "left", None, 6100),
    ]  # fmt: skip
    remark = Remark.objects.get(assignment=trial)
    assert (remark.reasons, remark.comment, remark.decided_s) == (
        {"appropriate": ["face", "timing"]}, "It nods late.", 2.5,
    )  # fmt: skip
    assert place.assignment.began_at == DONE
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark.objects.update(comment="It was early.")


@pytest.mark.django_db
@pytest.mark.data_layer
def test_without_anything_added_no_remark_is_kept(trial):
    give(trial, added=Added({"warmer": []}, " \x01\n"))
    assert not Remark.objects.exists()


@pytest.mark.django_db
@pytest.mark.data_layer
def test_the_same_again_changes_nothing_and_anything_else_is_refused(trial):
    first = give(trial)
    assert give(trial) == first
    for answers, added in (
        (ANSWERS | {"appropriate": Answer(Choice.RIGHT, 1)}, ADDED),
        (ANSWERS | {"warmer": Answer(Choice.LEFT)}, ADDED),
        (ANSWERS, Added()),
        (ANSWERS, Added(ADDED.reasons, ADDED.comment, 2.6)),
        (ANSWERS, Added({"appropriate": ["face"]}, ADDED.comment, 2.5)),
    ):
        with pytest.raises(AlreadyAnswered):
            give(trial, answers, added)
    assert (Vote.objects.count(), Remark.objects.count()) == (3, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attentive": Answer(Choice.TIE)}, "left or right"),
        ({"appropriate": Answer(Choice.LEFT)}, "how clear"),
        ({"appropriate": Answer(Choice.TIE, 1)}, "how clear"),
        ({"warmer": Answer(Choice.LEFT, 1)}, "how clear"),
        ({"other": Answer(Choice.LEFT)}, "every question"),
    ],
)
def test_an_answer_that_its_question_does_not_take_stores_nothing(trial, change, said):
    with pytest.raises(VoteRefused, match=said):
        give(trial, ANSWERS | change)
    with pytest.raises(VoteRefused, match="every question"):
        give(trial, {"appropriate": ANSWERS["appropriate"]})
    assert not Vote.objects.exists()
    assert not Remark.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("added", "said"),
    [
        (Added({"appropriate": ["gaze"]}), "reason"),
        (Added({"appropriate": ["face", "face"]}), "reason"),
        (Added({"nothing": ["face"]}), "reason"),
        (Added(comment="x" * 1001), "shorten your comment to 1000"),
        (Added(decided_s=-0.1), "moment"),
        (Added(decided_s=LENGTH_S + 1), "moment"),
        (Added(decided_s=float("nan")), "moment"),
    ],
)
def test_what_the_study_cannot_hold_stores_nothing(trial, added, said):
    with pytest.raises(VoteRefused, match=said):
        give(trial, added=added)
    assert not Vote.objects.exists()


@pytest.mark.django_db
def test_a_press_at_the_very_end_is_within_the_clip_and_the_longest_comment_fits(trial):
    give(trial, added=Added(comment="ü" * 1000, decided_s=LENGTH_S + 0.04))
    remark = Remark.objects.get()
    assert (len(remark.comment), remark.decided_s) == (1000, LENGTH_S)


@pytest.mark.django_db
@pytest.mark.parametrize("added", [Added({"appropriate": ["face"]}), Added(comment="Late."), Added(decided_s=1.0)])
def test_a_study_that_asks_for_neither_takes_neither(added):
    study = open_study(make_study(items=1, contrasts=("a:b",)).pk, at=START)
    trial = begin_trials(start_session(study.pk, at=START).pk, at=START).assignment
    with pytest.raises(VoteRefused, match="Reload the page"):
        give(trial, {"appropriate": Answer(Choice.LEFT)}, added)
    assert not Vote.objects.exists()


@given(st.text())
def test_a_cleaned_comment_can_be_stored_anywhere(comment):
    kept = cleaned(comment)
    kept.encode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", kept)
    assert kept == kept.strip() == cleaned(kept)


@pytest.mark.django_db
def test_simulated_evaluators_answer_every_form_and_add_the_same_by_the_same_seed():
    study = make_study(items=8, contrasts=("a:b",), votes_per_comparison=2, asking=ALL_FORMS, catch=1)
    told = []
    for _ in range(2):
        rehearse_study(study.pk, evaluators=2, at=START, ties=0.3, preference={"a": 0.8}, seed=3)
        told.append(list(Remark.objects.order_by("pk").values_list("reasons", "comment", "decided_s")))
    assert told[0] == told[1]
    main = Vote.objects.filter(assignment__kind=TrialKind.MAIN)
    assert main.count() == 3 * 16
    assert set(main.filter(question__key="appropriate").values_list("strength", flat=True)) == {None, 1, 2}
    assert set(main.filter(question__key="attentive").values_list("choice", flat=True)) == {"left", "right"}
    remarks = Remark.objects.all()
    assert {key for remark in remarks for key in remark.reasons} == {"appropriate", "attentive"}
    assert all(0 <= remark.decided_s <= LENGTH_S for remark in remarks if remark.decided_s is not None)
    assert 5 <= sum(remark.decided_s is not None for remark in remarks) <= 18
    clear_rehearsal(study.pk)
    assert not Remark.objects.exists()
