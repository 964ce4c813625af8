"""A study with adaptive slots keeps its quotas and its budget, in any order of arrivals, batches and exclusions."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from studies.adaptive_lists import adaptive_budget
from studies.models import Slot, Study, StudyState
from studies.queries import adaptive_slots, study_progress, unfilled_slots
from studies.services.adaptive import NoAdaptiveSlots, open_adaptive_slots
from studies.services.launches import open_study
from studies.services.planning import edit_plan
from studies.services.sessions import Stage, begin_trials, start_session
from tests.factories import make_study

from .test_slots_stateful import StudyMachine

pytestmark = pytest.mark.data_layer
PAIRS = ("social:random", "social:rude", "random:rude")


class AdaptiveMachine(StudyMachine):
    @initialize(
        items=st.integers(1, 3), votes=st.integers(1, 2), share=st.sampled_from([0.2, 0.5, 0.8]), seed=st.integers(0, 9)
    )
    def open_a_study(self, items, votes, share, seed):
        self.share = share
        self.study = make_study(
            items=items, contrasts=PAIRS, votes_per_comparison=votes, trials_per_session=min(items, 2), seed=seed
        )
        Study.objects.update(content_warning="Somebody is ill.")
        edit_plan(self.study.pk, changes={"adaptive_share": share})
        open_study(self.study.pk, at=self.at)

    @rule()
    def someone_arrives_and_begins(self):
        if self.state == StudyState.OPEN:
            place = begin_trials(start_session(self.study.pk, at=self.at).pk, at=self.at)
            if place.stage == Stage.FULL:
                assert adaptive_slots(self.study).left == 0, "who might still be needed is asked to wait"

    @rule(wanted=st.fixed_dictionaries(dict.fromkeys(PAIRS, st.integers(0, 3))))
    def a_batch_opens(self, wanted):
        if self.state != StudyState.OPEN or sum(wanted.values()) > adaptive_slots(self.study).left:
            with pytest.raises(NoAdaptiveSlots):
                open_adaptive_slots(self.study.pk, wanted=wanted)
        else:
            open_adaptive_slots(self.study.pk, wanted=wanted)

    @invariant()
    def the_budget_holds(self):
        if self.study is None:
            return
        dealt = Slot.objects.filter(comparison__contrast__study=self.study, rehearsal=False, replaces__isnull=True)
        uniform, adaptive = (dealt.filter(adaptive=each).count() for each in (False, True))
        slots = adaptive_slots(self.study)
        assert slots.budget == adaptive_budget(uniform, self.share) >= adaptive
        assert slots.left in (0, slots.budget - adaptive)
        assert slots.due <= slots.left
        assert not slots.due or unfilled_slots(self.study).count() < self.study.trials_per_session
        figures, wanted = study_progress(self.study), dealt.filter(closed_at__isnull=True).count()
        # A vote that is set aside and cannot be given again counts as closed, though its slot is answered.
        lost = figures.closed - dealt.filter(closed_at__isnull=False).count()
        assert lost >= 0
        assert figures.target == wanted + slots.left - lost


@pytest.mark.django_db
def test_in_any_order_of_events_quotas_and_budget_hold():
    run_state_machine_as_test(
        AdaptiveMachine,
        settings=settings(
            max_examples=int(os.environ.get("REALTALK_FUZZ_EXAMPLES", "3")), stateful_step_count=25, deadline=None,
            derandomize="REALTALK_FUZZ_EXAMPLES" not in os.environ, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
