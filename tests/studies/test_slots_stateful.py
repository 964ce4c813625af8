"""Arrivals, leases, expiry, late and double answers, skips, returns, failures, exclusions, undo, withdrawals,
take-downs, pause, close: any order."""

import os
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from retrieval.models import Person
from studies.models import (
    Assignment,
    Choice,
    Evaluator,
    Exclusion,
    Session,
    Slot,
    Study,
    StudyState,
    Vote,
    Withdrawal,
)
from studies.queries import active_exclusions
from studies.services.exclusions import CannotExclude, exclude_votes, undo_exclusion
from studies.services.launches import close_study, open_study, pause_study
from studies.services.leases import fail_trial, return_session, skip_trial
from studies.services.rehearsals import rehearse_study
from studies.services.sessions import Stage, StudyNotOpen, begin_trials, resume, start_session
from studies.services.takedowns import take_down
from studies.services.votes import AlreadyAnswered, Answer, NotBegun, TooEarly, View, cast_vote, record_view
from studies.services.withdrawals import withdraw
from tests.factories import LENGTH_S, START, make_study

from .invariants import check_study

pytestmark = pytest.mark.data_layer
LEFT, RIGHT = {"appropriate": Answer(Choice.LEFT)}, {"appropriate": Answer(Choice.RIGHT)}
pick = st.integers(0, 10**6)


class StudyMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.study = None
        self.at = START
        self.dealt = 0

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(
        items=st.integers(1, 3), contrasts=st.integers(1, 2), votes=st.integers(1, 3),
        trials=st.integers(1, 3), practice=st.integers(0, 1), catch=st.integers(0, 1), retests=st.integers(0, 1),
        seed=st.integers(0, 99),
    )  # fmt: skip
    def open_a_study(self, items, contrasts, votes, trials, practice, catch, retests, seed):
        pairs = ("social:random", "social:rude", "random:rude")[:contrasts]
        self.study = make_study(
            items=items, contrasts=pairs, votes_per_comparison=votes, trials_per_session=min(items, trials),
            practice=practice, catch=catch, seed=seed,
        )  # fmt: skip
        Study.objects.update(retests_per_session=retests, content_warning="Somebody is ill.")
        open_study(self.study.pk, at=self.at)

    def _one(self, rows, n):
        rows = list(rows.order_by("pk"))
        return rows[n % len(rows)] if rows else None

    def _session(self, n):
        return self._one(Session.objects.filter(study=self.study, rehearsal=False), n)

    def _trial(self, n, **having):
        own = Assignment.objects.filter(session__study=self.study, session__rehearsal=False)
        return self._one(own.filter(**having), n)

    @property
    def state(self):
        self.study.refresh_from_db()
        return self.study.state

    @rule(minutes=st.sampled_from([0.2, 5, 20, 31, 70]))
    def time_passes(self, minutes):
        self.at += timedelta(minutes=minutes)

    @rule()
    def someone_arrives_and_begins(self):
        if self.state != StudyState.OPEN:
            with pytest.raises(StudyNotOpen):
                start_session(self.study.pk, at=self.at)
            return
        session = start_session(self.study.pk, at=self.at)
        place = begin_trials(session.pk, at=self.at)
        if place.stage in (Stage.FULL, Stage.WAITING):
            live = self._trial(0, kind="main", state="live") is not None
            assert (place.stage == Stage.WAITING) == live

    @rule(trials=st.integers(1, 8), right=st.booleans())
    def someone_comes_and_answers(self, trials, right):
        if self.state == StudyState.OPEN:
            session = start_session(self.study.pk, at=self.at)
            place = begin_trials(session.pk, at=self.at)
            while place.assignment and trials:
                self.at += timedelta(seconds=LENGTH_S)
                place = cast_vote(session.pk, place.assignment.key, RIGHT if right else LEFT, at=self.at)
                trials -= 1

    @rule(n=pick)
    def someone_comes_back(self, n):
        session = self._session(n)
        if session:
            before = list(session.assignments.filter(state="live", began_at__isnull=False).values_list("pk"))
            place = resume(session.pk, at=self.at)
            if before and place.stage == Stage.TRIAL and session.last_active_at > self.at - timedelta(minutes=30):
                assert (place.assignment.pk,) == before[0], "another trial than before, though its lease lives"

    @rule(n=pick, right=st.booleans())
    def someone_answers(self, n, right):
        trial = self._trial(n, state="live", began_at__isnull=False)
        if trial:
            self.at = max(self.at, trial.began_at + timedelta(seconds=LENGTH_S))
            cast_vote(trial.session_id, trial.key, RIGHT if right else LEFT, at=self.at)
            trial.refresh_from_db()
            assert trial.state == "answered"

    @rule(n=pick)
    def someone_answers_too_early(self, n):
        trial = self._trial(n, state="live", began_at__isnull=False)
        if trial and self.at < trial.began_at + timedelta(seconds=LENGTH_S):
            with pytest.raises(TooEarly):
                cast_vote(trial.session_id, trial.key, LEFT, at=self.at)
            assert not trial.votes.exists()

    @rule(n=pick)
    def someone_answers_what_was_not_begun(self, n):
        trial = self._trial(n, began_at__isnull=True)
        if trial:
            with pytest.raises(NotBegun):
                cast_vote(trial.session_id, trial.key, LEFT, at=self.at + timedelta(hours=1))

    @rule(n=pick)
    def someone_answers_after_the_lease(self, n):
        trial = self._trial(n, state__in=["expired", "returned", "failed"], began_at__isnull=False)
        if trial:
            self.at = max(self.at, trial.began_at + timedelta(seconds=LENGTH_S))
            session = trial.session
            has_left = session.returned_at or session.finished_at or session.screened_out_at
            free = trial.state == "expired" and self.state != StudyState.CLOSED and not has_left
            if free and trial.kind == "main":
                slot = Slot.objects.get(pk=trial.slot_id)
                free = slot.closed_at is None and not slot.assignments.filter(state__in=["live", "answered"]).exists()
            cast_vote(trial.session_id, trial.key, LEFT, at=self.at)
            trial.refresh_from_db()
            assert trial.state == ("answered" if free else "late")

    @rule(n=pick)
    def someone_answers_twice(self, n):
        trial = self._trial(n, votes__isnull=False)
        if trial:
            stored = trial.votes.get()
            other = RIGHT if stored.choice == "left" else LEFT
            cast_vote(trial.session_id, trial.key, LEFT if stored.choice == "left" else RIGHT, at=self.at)
            with pytest.raises(AlreadyAnswered):
                cast_vote(trial.session_id, trial.key, other, at=self.at)
            assert trial.votes.get() == stored

    @rule(n=pick)
    def someone_watches(self, n):
        trial = self._trial(n)
        if trial:
            view = View("p", {"left": [[0.0, 1.0]]}, {"left": 1})
            record_view(trial.session_id, trial.key, view, at=self.at)

    @rule(n=pick)
    def someone_returns_the_session(self, n):
        session = self._session(n)
        if session:
            return_session(session.pk, at=self.at)
            assert not session.assignments.filter(state="live").exists()

    @rule(n=pick, part=st.sampled_from(["speaker", "left", "right"]))
    def a_video_fails(self, n, part):
        trial = self._trial(n, state="live")
        if trial:
            fail_trial(trial.session_id, trial.key, part=part, reason="stalled", at=self.at)

    @rule(n=pick)
    def someone_skips_a_trial(self, n):
        trial = self._trial(n, state="live", began_at__isnull=False)
        if trial:
            skip_trial(trial.session_id, trial.key, at=self.at)
            trial.refresh_from_db()
            assert trial.state == "returned"

    @rule(n=pick)
    def somebody_is_taken_down(self, n):
        person = self._one(Person.objects.filter(taken_down_at__isnull=True), n)
        if person and n % 3 == 0:  # rarely: soon nothing would be left to show
            given = Vote.objects.count()
            take_down(person.pk, reason="test", at=self.at)
            assert Vote.objects.count() == given
            shown = Q(left__clip__person=person) | Q(right__clip__person=person) | Q(item__speaker__person=person)
            assert not Assignment.objects.filter(shown, state="live").exists()

    @rule(n=pick, rule_name=st.sampled_from(["failed_catch", "failed_catch", "too_fast"]))
    def a_vote_is_excluded(self, n, rule_name):
        trial = self._trial(n, state__in=["answered", "late"], kind="main")
        if trial:
            exclude_votes(self.study.pk, assignments=[trial], rule=rule_name, reason="test", at=self.at)

    @rule(n=pick, rule_name=st.sampled_from(["failed_catch", "failed_catch", "too_fast"]))
    def a_session_is_excluded(self, n, rule_name):
        session = self._session(n)
        if session:
            exclude_votes(self.study.pk, sessions=[session], rule=rule_name, reason="test", at=self.at)

    @rule(n=pick)
    def an_exclusion_in_force_is_undone(self, n):
        exclusion = self._one(active_exclusions(self.study).exclude(rule="surplus"), n)
        if exclusion:
            undo_exclusion(exclusion.pk, reason="test", at=self.at)

    @rule(n=pick)
    def any_exclusion_is_undone(self, n):
        exclusion = self._one(Exclusion.objects.filter(study=self.study, undoes__isnull=True), n)
        if exclusion:
            undone = Exclusion.objects.filter(undoes=exclusion).exists() or exclusion.rule == "surplus"
            try:
                undo_exclusion(exclusion.pk, reason="test", at=self.at)
                assert not undone
            except CannotExclude:
                assert undone

    @rule(n=pick)
    def someone_withdraws(self, n):
        session = self._session(n)
        if session:
            others = Vote.objects.filter(assignment__session__rehearsal=False).exclude(assignment__session=session)
            kept, own = set(others.values_list("pk", flat=True)), Vote.objects.filter(assignment__session=session)
            before = own.count()
            withdrawal = withdraw(session.pk, at=self.at)
            assert withdrawal.deleted.get("votes", 0) == before
            assert set(Vote.objects.filter(assignment__session__rehearsal=False).values_list("pk", flat=True)) == kept
            assert not Session.objects.filter(pk=session.pk).exists()
            assert not Evaluator.objects.filter(pk=session.evaluator_id).exists()
            assert Withdrawal.objects.filter(pk=withdrawal.pk, study=self.study).exists()

    @rule(seed=pick)
    def a_rehearsal_is_played(self, seed):
        before = list(Assignment.objects.filter(session__rehearsal=False).order_by("pk").values_list("pk", "state"))
        rehearse_study(self.study.pk, evaluators=1, preference={}, at=self.at, seed=seed)
        after = list(Assignment.objects.filter(session__rehearsal=False).order_by("pk").values_list("pk", "state"))
        assert after == before
        check_study(self.study, rehearsal=True)

    @precondition(lambda self: self.study and self.state == StudyState.OPEN)
    @rule()
    def the_study_is_paused(self):
        pause_study(self.study.pk, at=self.at)

    @precondition(lambda self: self.study and self.state == StudyState.PAUSED)
    @rule()
    def the_study_goes_on(self):
        open_study(self.study.pk, at=self.at)

    @precondition(lambda self: self.study and self._session(3) is not None and self._session(2) != self._session(3))
    @rule()
    def the_study_is_closed(self):
        close_study(self.study.pk, at=self.at)

    @invariant()
    def the_promises_hold(self):
        if self.study:
            check_study(self.study)
            dealt = Slot.objects.filter(rehearsal=False, replaces__isnull=True, adaptive=False).count()
            self.dealt = self.dealt or dealt
            assert dealt == self.dealt, "a slot was lost, or one became a replacement of nothing"


@pytest.mark.django_db
def test_any_order_of_events_keeps_the_promises():
    examples = int(os.environ.get("REALTALK_FUZZ_EXAMPLES", "15"))
    run_state_machine_as_test(
        StudyMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize="REALTALK_FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
