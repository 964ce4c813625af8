"""What the database itself refuses, whoever asks: the promises marked C in the rows' docstrings."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from retrieval.models import Clip, Corpus
from studies.models import Assignment, Choice, Comparison, Item, Plan, Remark, Slot, Stimulus, Study, Vote
from studies.services.launches import open_study
from studies.services.sessions import begin_trials, start_session
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


@pytest.fixture
def trial():
    """The first trial of the first session of an open study."""
    study = open_study(make_study(items=2, contrasts=("a:b",), practice=1).pk, at=START)
    session = start_session(study.pk, at=START)
    begin_trials(session.pk, at=START)
    return session.assignments.filter(kind="main").first()


def refused(action) -> bool:
    try:
        with transaction.atomic():
            action()
    except DatabaseError:
        return True
    return False


def test_rows_that_contradict_the_design_are_refused(trial):
    comparison, slot = trial.slot.comparison, trial.slot
    other = Slot.objects.exclude(pk=slot.pk).filter(assignments__session=trial.session).first()
    main, practice = Assignment.objects.filter(kind="main"), Assignment.objects.filter(kind="practice")
    contradictions = [
        lambda: Corpus.objects.update(licence=""),
        lambda: Corpus.objects.update(consent_statement=""),
        lambda: Clip.objects.filter(role="listener").update(partner=Clip.objects.first()),
        lambda: Clip.objects.update(role="singer"),
        lambda: Clip.objects.update(sha256="0" * 64),
        lambda: Study.objects.update(state="OPEN"),
        lambda: Item.objects.update(kind="bogus"),
        lambda: Item.objects.filter(kind="main").update(correct_condition="a"),
        lambda: Stimulus.objects.filter(pk=comparison.treatment_id).update(condition="b"),
        lambda: Comparison.objects.update(treatment=comparison.control),
        lambda: Comparison.objects.update(treatment_sha256="x", control_sha256="x"),
        lambda: Slot.objects.update(treatment_side="up"),
        lambda: Slot.objects.update(closed_at=START),
        lambda: Plan.objects.update(sha256="0" * 64),
        lambda: Plan.objects.update(text="another"),
        lambda: main.update(slot=None),
        lambda: practice.update(slot=slot),
        lambda: main.filter(pk=trial.pk).update(slot=other),
        lambda: main.update(state="Answered"),
        lambda: main.update(kind="bogus"),
        lambda: main.update(item=trial.item),
        lambda: main.update(left=comparison.treatment, right=comparison.treatment),
    ]
    passed = [number for number, contradict in enumerate(contradictions) if not refused(contradict)]
    assert passed == []


def test_a_vote_cannot_be_replaced_past_its_trigger(trial):
    first = trial.session.assignments.order_by("position").first()
    cast_vote(trial.session_id, first.key, {"appropriate": Answer(Choice.LEFT)}, at=START + timedelta(minutes=1))
    vote = Vote.objects.get()
    values = [vote.pk, vote.assignment_id, vote.question_id, "right", vote.voted_at]
    insert = "INSERT INTO studies_vote (id, assignment_id, question_id, choice, voted_at) VALUES (%s, %s, %s, %s, %s)"
    upsert = insert.replace("INSERT", "INSERT OR REPLACE") if connection.vendor == "sqlite" else (
        insert + " ON CONFLICT (id) DO UPDATE SET choice = 'right'"
    )  # fmt: skip

    def replace():
        with connection.cursor() as cursor:
            cursor.execute(upsert, values)

    assert refused(replace)
    assert Vote.objects.get() == vote
    assert Vote.objects.get().choice == "left"


def test_a_remark_is_never_changed(trial):
    another = trial.session.assignments.exclude(pk=trial.pk).first()
    remark = Remark.objects.create(assignment=trial, reasons={"appropriate": ["smile"]}, decided_s=1.5)
    passed = [
        name
        for name, change in {
            "update": lambda: Remark.objects.update(comment="another"),
            "second": lambda: Remark.objects.create(assignment=trial),
            "before the clip": lambda: Remark.objects.create(assignment=another, decided_s=-1),
        }.items()
        if not refused(change)
    ]
    assert passed == []
    assert list(Remark.objects.values("pk", "comment", "decided_s")) == [
        {"pk": remark.pk, "comment": "", "decided_s": 1.5}
    ]
