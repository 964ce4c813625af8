"""Two hundred people at once, each in a thread of their own, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections, transaction

from studies.models import Assignment, Choice, Evaluator, Session, Slot, Vote, Withdrawal
from studies.services.launches import open_study
from studies.services.sessions import Stage, begin_trials, evaluator_for, start_session
from studies.services.votes import Answer, cast_vote
from studies.services.withdrawals import withdraw
from tests.factories import LENGTH_S, START, make_study

from .invariants import check_study

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data_layer]
ARRIVALS = 200
AT_ONCE = 20


def test_two_hundred_arrivals_at_once_keep_every_quota():
    study = make_study(items=4, contrasts=("social:random", "social:rude"), votes_per_comparison=3)
    open_study(study.pk, at=START)
    together = Barrier(AT_ONCE)

    def evaluator(number: int) -> Stage:
        try:
            if number < AT_ONCE:
                together.wait(timeout=30)
            session = start_session(study.pk, at=START)
            place = begin_trials(session.pk, at=START)
            at = START
            while place.stage == Stage.TRIAL:
                at += timedelta(seconds=LENGTH_S)
                answer = {"appropriate": Answer(Choice.LEFT if number % 2 else Choice.RIGHT)}
                place = cast_vote(session.pk, place.assignment.key, answer, at=at)
            return place.stage
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        stages = list(pool.map(evaluator, range(ARRIVALS)))
    check_study(study)
    wanted = Slot.objects.filter(comparison__contrast__study=study).count()
    assert wanted == 4 * 2 * 3
    assert Assignment.objects.filter(state="answered").count() == Vote.objects.count() == wanted
    assert stages.count(Stage.THANKS) == wanted // 4
    assert set(stages) <= {Stage.THANKS, Stage.FULL, Stage.WAITING}


def test_a_crowd_of_whom_some_withdraw_meanwhile_fills_every_quota():
    study = open_study(make_study(items=3, contrasts=("social:random",), votes_per_comparison=4).pk, at=START)

    def evaluator(number: int) -> None:
        try:
            session = start_session(study.pk, at=START, platform="prolific", identity=str(number))
            place, at = begin_trials(session.pk, at=START), START
            while place.stage == Stage.TRIAL:
                at += timedelta(seconds=LENGTH_S)
                place = cast_vote(session.pk, place.assignment.key, {"appropriate": Answer(Choice.LEFT)}, at=at)
                if number % 3 == 0:
                    withdraw(session.pk, at=at)
                    return
        finally:
            connections.close_all()

    begin_trials(start_session(study.pk, at=START, platform="prolific", identity="0").pk, at=START)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(evaluator, range(24)))
    check_study(study)
    for late in range(25, 61, 3):  # who found every place promised came too early, and these stay
        evaluator(late)
    check_study(study)
    assert Withdrawal.objects.count() >= 1
    assert Vote.objects.count() == Slot.objects.filter(comparison__contrast__study=study).count() == 3 * 4
    assert not Evaluator.objects.filter(sessions=None).exists()


def test_who_withdraws_from_one_study_while_they_arrive_at_another_is_there_once():
    first, second = (open_study(make_study(key=key).pk, at=START) for key in ("first", "second"))
    same = {"platform": "lab", "identity": "p1"}
    before = start_session(first.pk, at=START, **same)

    def leave() -> None:
        try:
            withdraw(before.pk, at=START)
        finally:
            connections.close_all()

    leaving = Thread(target=leave)
    with transaction.atomic():
        found = evaluator_for(**same, at=START)
        leaving.start()
        leaving.join(0.5)  # it would be done by then, if it did not wait for us
        assert Evaluator.objects.filter(pk=found.pk).exists(), "deleted while somebody was arriving as them"
        arrived = start_session(second.pk, at=START, **same)
    leaving.join()
    assert list(Session.objects.all()) == [arrived]
    assert arrived.pseudonym != before.pseudonym
