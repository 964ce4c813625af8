"""Checks, four kinds kept apart: attention, catch, practice and retests; what each does, and what none of them does."""

import uuid
from dataclasses import fields as fields_of
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.check_queries import Found, attention_of, checks_of, feedback_on, right_side
from studies.checks import RETEST_APART, instruction_at, may_refuse_pay, retest_choice
from studies.models import Assignment, AssignmentState, Choice, Session, Study, TrialKind
from studies.options import Options
from studies.pages import instructions_page, trial_of
from studies.services.launches import open_study
from studies.services.leases import fail_trial
from studies.services.sessions import Place, Stage, begin_trials, resume, start_session
from studies.services.votes import Answer, cast_vote
from tests.factories import LENGTH_S, START, make_study

database = [pytest.mark.django_db, pytest.mark.data_layer]
OPTIONS = {field.name for field in fields_of(Options)}
STEP = timedelta(seconds=LENGTH_S + 1)


class Taking:
    """One session, answered trial by trial."""

    def __init__(self, study: Study, identity: str = "p1"):
        self.at: datetime = START
        self.session: Session = start_session(study.pk, at=START, platform="lab", identity=identity)
        self.place: Place = begin_trials(self.session.pk, at=START)
        self.seen: list[Assignment] = []

    @property
    def trial(self) -> Assignment | None:
        return self.place.assignment

    def answer(self, *, rightly: bool = True) -> None:
        """By what is known of the trial; where nothing is, left."""
        side = right_side(self.trial) or "left"
        side = side if rightly else {"left": "right", "right": "left"}[side]
        self.at += STEP
        self.seen.append(self.trial)
        self.place = cast_vote(
            self.session.pk, self.trial.key, {"appropriate": Answer(Choice(side))}, at=self.at, rt_ms=100
        )

    def answer_all(self, *, rightly: bool = True) -> "Taking":
        while self.place.stage == Stage.TRIAL:
            self.answer(rightly=rightly)
        return self


def opened(**fields) -> Study:
    options = {name: fields.pop(name) for name in OPTIONS & fields.keys()}
    study = make_study(**({"items": 3, "contrasts": ("social:random",), "votes_per_comparison": 1} | fields))
    Study.objects.filter(pk=study.pk).update(**options)
    return open_study(study.pk, at=START)


class TestInstructions:
    pytestmark = database

    def test_an_attention_check_alone_says_at_a_moment_of_the_clip_which_side_to_choose(self):
        taking = Taking(opened(items=3, catch=1, attention=2, practice=1)).answer_all()
        told = {trial.kind: [] for trial in taking.seen}
        for trial in taking.seen:
            told[trial.kind].append(tuple(trial_of(taking.session, trial, at=taking.at).instruction))
            if trial.kind == TrialKind.ATTENTION:
                at_s, text = told[trial.kind][-1]
                assert 0.2 * LENGTH_S <= at_s <= 0.6 * LENGTH_S
                assert f"choose the listener on the {right_side(trial)}" in text
        assert len(told.pop("attention")) == 2
        assert {said for kind in told.values() for said in kind} == {()}

    def test_the_moment_is_the_trials_own_and_stays(self):
        keys = [uuid.UUID(int=n) for n in range(50)]
        moments = [instruction_at(key, length_s=10) for key in keys]
        assert moments == [instruction_at(key, length_s=10) for key in keys]
        assert 2 <= min(moments) < 2.5
        assert 5.5 < max(moments) <= 6


class TestFeedback:
    pytestmark = database

    @pytest.mark.parametrize("rightly", [True, False])
    def test_practice_is_told_whether_it_was_right_and_nothing_else_is(self, rightly):
        taking = Taking(opened(practice=2, catch=1, attention=1))
        assert feedback_on(taking.trial) is None  # before the answer
        taking.answer_all(rightly=rightly)
        told = {trial.kind: feedback_on(trial) for trial in taking.session.assignments.all()}
        assert told == {"practice": rightly, "main": None, "catch": None, "attention": None}

    def test_a_study_may_keep_it(self):
        taking = Taking(opened(practice=1, gives_feedback=False))
        taking.answer()
        assert feedback_on(Assignment.objects.get(pk=taking.seen[0].pk)) is None

    def test_the_reply_to_a_vote_holds_it_for_practice_alone(self, client):
        taking = Taking(opened(practice=1))
        assert self.reply(client, taking)["found"] == "found"
        taking.place = resume(taking.session.pk, at=taking.at)
        assert self.reply(client, taking)["found"] == ""

    def reply(self, client, taking: Taking) -> dict:
        Assignment.objects.filter(pk=taking.trial.pk).update(began_at=START - timedelta(days=1))
        whole = [[0, LENGTH_S]]
        vote = {
            "assignment": str(taking.trial.key), "page": "p", "plays": {}, "rt_ms": 1,
            "watched": {"speaker": whole, "left": whole, "right": whole},
            "answers": {"appropriate": {"choice": right_side(taking.trial) or "left"}},
        }  # fmt: skip
        return client.post(f"/s/{taking.session.token}/vote", vote, content_type="application/json").json()


class TestPassMark:
    pytestmark = database

    def test_who_passes_goes_on(self):
        taking = Taking(opened(practice=2, practice_pass_mark=2)).answer_all()
        assert [trial.kind for trial in taking.seen] == ["practice"] * 2 + ["main"] * 3
        assert taking.place.stage == Stage.THANKS

    def test_who_misses_it_has_one_round_more_of_the_same_pairs_before_all_else(self):
        taking = Taking(opened(practice=2, practice_pass_mark=2))
        taking.answer(rightly=False)
        taking.answer()
        assert [taking.trial.kind, taking.trial.item] == ["practice", taking.seen[0].item]
        taking.answer_all()
        assert [trial.item for trial in taking.seen[2:4]] == [trial.item for trial in taking.seen[:2]]
        assert [trial.kind for trial in taking.seen] == ["practice"] * 4 + ["main"] * 3
        assert taking.place.stage == Stage.THANKS

    def test_who_misses_it_twice_is_let_go_and_holds_nothing(self):
        study = opened(practice=2, practice_pass_mark=1)
        taking = Taking(study).answer_all(rightly=False)
        assert len(taking.seen) == 4
        assert taking.place.stage == Stage.SCREENED_OUT
        session = Session.objects.get(pk=taking.session.pk)
        assert session.screened_out_why == "practice"
        assert not session.assignments.filter(state=AssignmentState.LIVE).exists()
        assert [trial.kind for trial in Taking(study, "p2").answer_all().seen][2:] == ["main"] * 3

    def test_who_is_let_go_after_practice_is_told_what_it_was_about(self, client):
        study = opened(practice=1, practice_pass_mark=1)
        Study.objects.update(debriefing="It was about listening.")
        taking = Taking(study).answer_all(rightly=False)
        page = client.get(f"/s/{taking.session.token}/").content.decode()
        assert "It was about listening." in page

    def test_the_instructions_say_what_must_be_found_and_each_round_counts_anew(self):
        study = opened(practice=2, practice_pass_mark=2, attention=1)
        Study.objects.update(content_warning="Somebody is ill.")
        taking = Taking(study)
        page = instructions_page(taking.session)
        assert (page.pass_mark, page.practice_trials) == (2, 2)
        assert page.has_attention_checks and page.may_skip
        taking.answer_all(rightly=False)
        shown = [trial_of(taking.session, trial, at=taking.at) for trial in taking.seen]
        assert [(one.practice, one.number, one.total) for one in shown] == [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2)]

    def test_what_could_not_be_played_is_nobodys_mistake(self):
        taking = Taking(opened(practice=2, practice_pass_mark=2))
        fail_trial(taking.session.pk, taking.trial.key, part="left", reason="HTTP 404", at=taking.at)
        taking.place = resume(taking.session.pk, at=taking.at)
        taking.answer_all()
        assert taking.place.stage == Stage.THANKS

    def test_without_a_pass_mark_practice_may_go_wrong(self):
        assert Taking(opened(practice=2)).answer_all(rightly=False).place.stage == Stage.THANKS


class TestRetests:
    pytestmark = database

    def test_pairs_come_again_after_the_last_trial_sides_swapped_and_hold_no_slot(self):
        taking = Taking(opened(items=8, retests_per_session=2, catch=1)).answer_all()
        again = [trial for trial in taking.seen if trial.kind == TrialKind.RETEST]
        assert taking.seen[-2:] == again
        for trial in again:
            first = trial.retest_of
            assert (trial.left, trial.right, trial.slot) == (first.right, first.left, None)
            main = [one.pk for one in taking.seen if one.kind == TrialKind.MAIN]
            assert len(main) - main.index(first.pk) > RETEST_APART
        assert taking.place.stage == Stage.THANKS

    def test_they_are_among_the_trials_that_are_announced_and_counted(self):
        taking = Taking(opened(items=3, retests_per_session=1))
        assert instructions_page(taking.session).trials == 4
        assert trial_of(taking.session, taking.trial, at=START).total == 4

    def test_what_was_not_answered_is_not_shown_again(self):
        taking = Taking(opened(items=2, retests_per_session=2))
        failed = taking.trial
        fail_trial(taking.session.pk, failed.key, part="left", reason="HTTP 404", at=START)
        taking.place = resume(taking.session.pk, at=START)
        taking.answer_all()
        assert [trial.retest_of_id for trial in taking.seen if trial.kind == TrialKind.RETEST] == [taking.seen[0].pk]
        assert taking.place.stage == Stage.THANKS

    @given(trials=st.integers(0, 40), count=st.integers(0, 10), seed=st.integers(0, 999))
    def test_those_drawn_are_different_in_order_and_apart_where_they_can_be(self, trials, count, seed):
        drawn = retest_choice(range(trials), count, rng=Random(seed))
        assert drawn == sorted(set(drawn))
        assert len(drawn) == min(count, trials)
        if trials - RETEST_APART >= count:
            assert all(trials - place > RETEST_APART for place in drawn)


class TestPay:
    @pytest.mark.django_db
    @pytest.mark.data_layer
    def test_no_other_check_than_attention_can_cost_pay(self):
        taking = Taking(opened(items=4, catch=3, attention=2, practice=2))
        while taking.place.stage == Stage.TRIAL:
            taking.answer(rightly=taking.trial.kind == TrialKind.ATTENTION)
        found = checks_of(taking.session.study)[taking.session.pk]
        assert found == {"attention": Found(2, 0), "catch": Found(3, 3), "practice": Found(2, 2)}
        assert not may_refuse_pay(2, attention_of(taking.session).failed)

    @pytest.mark.django_db
    @pytest.mark.data_layer
    def test_attention_is_read_of_answers_alone(self):
        taking = Taking(opened(items=4, attention=2))
        assert attention_of(taking.session) == Found(0, 0)
        taking.answer_all(rightly=False)
        assert attention_of(taking.session) == Found(2, 2)

    @pytest.mark.parametrize(
        ("shown", "failed", "may"),
        [(2, 2, True), (3, 2, True), (2, 1, False), (1, 1, False), (0, 0, False), (1, 2, False)],
    )
    def test_it_takes_two(self, shown, failed, may):
        assert may_refuse_pay(shown, failed) is may
