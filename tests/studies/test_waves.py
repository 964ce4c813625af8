"""A study that may stop early is collected in waves: no later speaker is shown before the earlier ones are full."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from studies.models import Assignment, Choice, Item, Plan, Session, Slot
from studies.queries import current_wave, slots_to_deal, study_progress
from studies.services.exclusions import exclude_votes, undo_exclusion
from studies.services.launches import CannotLaunch, open_study
from studies.services.leases import fail_trial, return_session
from studies.services.sessions import Stage, begin_trials, resume, start_session
from studies.services.votes import Answer, cast_vote
from tests.analysis.playing import play_session, prefer
from tests.factories import LENGTH_S, START, make_study

from .invariants import check_study

pytestmark = [pytest.mark.data_layer, pytest.mark.django_db]
LEFT = {"appropriate": Answer(Choice.LEFT)}
RULE = "looks:15,20"
pick = st.integers(0, 10**6)


def study_in_waves(*, items: int = 20, trials: int = 5, rule_text: str = RULE, **settings_of):
    study = make_study(items=items, trials_per_session=trials, contrasts=("social:random",), **settings_of)
    Plan.objects.filter(study=study).update(stopping_rule=rule_text, primary_contrast=study.contrasts.get())
    return study


def test_launch_puts_items_into_waves_by_position_and_deals_each_wave_exactly():
    study = open_study(study_in_waves().pk, at=START)
    waves = list(Item.objects.filter(study=study).order_by("position").values_list("wave", flat=True))
    assert waves == [0] * 15 + [1] * 5
    lists = {}
    for slot in Slot.objects.filter(comparison__contrast__study=study).select_related("comparison__item"):
        lists.setdefault(slot.list_number, []).append((slot.comparison.item.wave, slot.treatment_side))
    assert [len({wave for wave, _ in slots}) for slots in lists.values()] == [1] * len(lists)
    assert Counter(slots[0][0] for slots in lists.values()) == {0: 6, 1: 2}
    for slots in lists.values():
        sides = Counter(side for _, side in slots)
        assert abs(sides["left"] - sides["right"]) <= 1


def test_a_fixed_study_is_one_wave():
    study = open_study(make_study().pk, at=START)
    assert set(Item.objects.filter(study=study).values_list("wave", flat=True)) == {0}
    assert slots_to_deal(study).count() == study_progress(study).short_by


def test_a_session_longer_than_the_smallest_wave_keeps_the_study_from_opening():
    study = study_in_waves(trials=6)
    with pytest.raises(CannotLaunch, match="smallest wave has 5: set trials per session to at most 5"):
        open_study(study.pk, at=START)
    study.refresh_from_db()
    assert study.state == "draft"


def test_the_next_wave_opens_when_the_last_slot_of_this_one_is_answered():
    study = open_study(study_in_waves(votes_per_comparison=1).pk, at=START)
    for _ in range(2):
        play_session(study, prefer("social"))
    holder = start_session(study.pk, at=START)
    begin_trials(holder.pk, at=START)
    assert (current_wave(study), slots_to_deal(study).count()) == (0, 0)
    waiting = begin_trials(start_session(study.pk, at=START).pk, at=START)
    assert waiting.stage == Stage.WAITING, "the first wave is promised, not full"
    return_session(holder.pk, at=START)
    play_session(study, prefer("social"))
    assert (current_wave(study), slots_to_deal(study).count()) == (1, 5)
    play_session(study, prefer("social"))
    assert (current_wave(study), slots_to_deal(study).exists(), study_progress(study).short_by) == (None, False, 0)


def test_a_vote_excluded_by_the_plan_reopens_its_wave():
    study = open_study(study_in_waves(votes_per_comparison=1).pk, at=START)
    first = play_session(study, prefer("social"))
    for _ in range(2):
        play_session(study, prefer("social"))
    assert current_wave(study) == 1
    exclude_votes(study.pk, sessions=[first], rule="failed_catch", reason="test", at=START)
    assert (current_wave(study), slots_to_deal(study).count()) == (0, 5)


class WaveMachine(RuleBasedStateMachine):
    """Small waves, set on the rows: the rule's own looks would take too many items to fill in a test."""

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.study, self.at = None, START
        self.full_once, self.known = set(), set()

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(
        sizes=st.lists(st.integers(1, 2), min_size=2, max_size=3), votes=st.integers(1, 2), seed=st.integers(0, 9)
    )
    def open_a_study(self, sizes, votes, seed):
        self.study = make_study(items=sum(sizes), votes_per_comparison=votes, trials_per_session=1, seed=seed)
        open_study(self.study.pk, at=self.at)
        wave_of = [number for number, size in enumerate(sizes) for _ in range(size)]
        for item, wave in zip(Item.objects.filter(study=self.study).order_by("position"), wave_of, strict=True):
            Item.objects.filter(pk=item.pk).update(wave=wave)

    def _one(self, rows, n):
        rows = list(rows.order_by("pk"))
        return rows[n % len(rows)] if rows else None

    def _trial(self, n, **having):
        return self._one(Assignment.objects.filter(session__study=self.study, kind="main", **having), n)

    @rule(minutes=st.sampled_from([1, 31]))
    def time_passes(self, minutes):
        self.at += timedelta(minutes=minutes)

    @rule()
    def someone_arrives(self):
        begin_trials(start_session(self.study.pk, at=self.at).pk, at=self.at)

    @rule()
    def someone_comes_and_answers(self):
        session = start_session(self.study.pk, at=self.at)
        place = begin_trials(session.pk, at=self.at)
        while place.assignment:
            self.at += timedelta(seconds=LENGTH_S)
            place = cast_vote(session.pk, place.assignment.key, LEFT, at=self.at)

    @rule(n=pick)
    def someone_comes_back(self, n):
        session = self._one(Session.objects.filter(study=self.study), n)
        if session:
            resume(session.pk, at=self.at)

    @rule(n=pick, state=st.sampled_from(["live", "expired"]))
    def someone_answers(self, n, state):
        trial = self._trial(n, state=state, began_at__isnull=False)
        if trial:
            self.at = max(self.at, trial.began_at + timedelta(seconds=LENGTH_S))
            cast_vote(trial.session_id, trial.key, LEFT, at=self.at)

    @rule(n=pick)
    def someone_returns_or_fails(self, n):
        trial = self._trial(n, state="live")
        if trial and n % 2:
            return_session(trial.session_id, at=self.at)
        elif trial:
            fail_trial(trial.session_id, trial.key, part="left", reason="stalled", at=self.at)

    @rule(n=pick)
    def a_vote_is_excluded_and_perhaps_let_back(self, n):
        trial = self._trial(n, state="answered")
        if trial:
            made = exclude_votes(self.study.pk, assignments=[trial], rule="failed_catch", reason="test", at=self.at)
            if made and n % 2:
                undo_exclusion(made[0].pk, reason="test", at=self.at)

    @invariant()
    def waves_come_one_after_another(self):
        if self.study is None:
            return
        check_study(self.study)
        slots = Slot.objects.filter(comparison__contrast__study=self.study)
        answered = set(Assignment.objects.filter(slot__in=slots, state="answered").values_list("slot", flat=True))
        missing = Counter()
        for pk, wave, closed in slots.values_list("pk", "comparison__item__wave", "closed_at"):
            missing[wave] += closed is None and pk not in answered
        assert current_wave(self.study) == min((wave for wave, n in missing.items() if n), default=None)
        held = Assignment.objects.filter(slot__in=slots, state__in=["live", "answered"])
        for wave in set(held.values_list("item__wave", flat=True)):
            earlier = {number for number in missing if number < wave}
            assert all(number in self.full_once or not missing[number] for number in earlier), "a wave came too early"
        self.full_once |= {wave for wave, n in missing.items() if not n}


def test_in_any_order_of_events_no_wave_begins_before_the_one_before_it_was_full():
    run_state_machine_as_test(
        WaveMachine,
        settings=settings(
            max_examples=6, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
