"""Adaptive slots: declared in the plan before launch, opened in batches within their budget, sides in balance."""

import hashlib
import json
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from studies.models import Comparison, Plan, Slot, Stimulus
from studies.plans import plan_in_force, registration_of
from studies.preregistration import preregistration
from studies.queries import adaptive_slots, study_progress
from studies.services.adaptive import NoAdaptiveSlots, open_adaptive_slots
from studies.services.amendments import CannotAmend, change_plan, raise_target
from studies.services.exclusions import exclude_votes
from studies.services.launches import CannotLaunch, open_study
from studies.services.planning import PlanRefused, edit_plan
from tests.analysis.playing import play_session, prefer
from tests.factories import START, make_study

from .invariants import check_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
PAIRS = ("a:b", "a:c", "b:c")
LATER = START + timedelta(days=1)


def drafted(*, share=0.5, **settings):
    study = make_study(**({"contrasts": PAIRS} | settings))
    edit_plan(study.pk, changes={"adaptive_share": share})
    return study


def opened(**settings):
    return open_study(drafted(**settings).pk, at=START)


def sides_of(study):
    slots = Slot.objects.filter(comparison__contrast__study=study, replaces__isnull=True)
    return Counter(slots.values_list("comparison", "treatment_side"))


def test_the_share_is_frozen_and_hashed_and_a_plan_without_one_keeps_its_bytes():
    study = opened(share=0.25)
    plan = Plan.objects.get(study=study)
    assert json.loads(plan.text)["adaptive_share"] == 0.25
    assert plan.sha256 == hashlib.sha256(plan.text.encode()).hexdigest()
    assert "adaptive" not in Plan.objects.get(study=open_study(make_study(key="other").pk, at=START)).text


def test_the_share_is_registered_with_what_it_comes_to():
    text = preregistration(registration_of(drafted(share=0.25)))
    assert "4 speakers x 3 comparison groups x 2 votes = 24 votes" in text
    assert "at least 8 evaluators" in text
    assert "Beside these 24 uniform votes, 8 adaptive ones are asked for. 25 % of all votes are adaptive." in text
    assert "adaptive" not in preregistration(registration_of(make_study(key="none")))


def test_a_study_that_may_not_have_it_is_refused_with_a_sentence():
    with pytest.raises(PlanRefused, match="compared in at least 3 groups; this study has 3 and 2"):
        edit_plan(make_study(key="two").pk, changes={"adaptive_share": 0.3})
    with pytest.raises(PlanRefused, match="is a share of all votes from 0"):
        drafted(share=0.9)
    looks = drafted(key="looks", items=16, trials_per_session=6)
    edit_plan(looks.pk, changes={"stopping_rule": "e-process:10,16", "primary": "a:b"})
    with pytest.raises(CannotLaunch, match="Adaptive votes need the stopping rule 'fixed'"):
        open_study(looks.pk, at=START)
    with pytest.raises(DatabaseError), transaction.atomic():
        Plan.objects.filter(study=looks).update(adaptive_share=0.95)


def test_a_batch_is_spread_over_speakers_behind_the_slots_there_are_and_never_over_the_budget():
    study = opened(votes_per_comparison=3)
    before = set(Slot.objects.values_list("pk", flat=True))
    assert (adaptive_slots(study).budget, adaptive_slots(study).left, adaptive_slots(study).due) == (36, 36, 0)
    batch = open_adaptive_slots(study.pk, wanted={"a:b": 7, "b:c": 2})
    assert {slot.pk for slot in batch}.isdisjoint(before)
    assert all(slot.adaptive and slot.list_number >= 9 for slot in batch)
    assert Counter(str(slot.comparison.contrast) for slot in batch) == {"a:b": 7, "b:c": 2}
    assert sorted(Counter(slot.comparison_id for slot in batch).values()) == [1, 1, 1, 2, 2, 2]
    for comparison in Comparison.objects.filter(contrast__study=study):
        sides = sides_of(study)
        assert abs(sides[comparison.pk, "left"] - sides[comparison.pk, "right"]) <= 1
    assert (adaptive_slots(study).left, study_progress(study).unopened) == (27, 27)
    assert study_progress(study).target == 72, "the same before and after a batch"
    for wanted, said in (({"a:b": 28}, "27 are left"), ({"a:d": 1}, "no comparison group 'a:d'"), ({"a:b": -1}, "27")):
        with pytest.raises(NoAdaptiveSlots, match=said):
            open_adaptive_slots(study.pk, wanted=wanted)
    check_study(study)


def test_only_an_open_study_with_a_share_opens_them():
    with pytest.raises(NoAdaptiveSlots, match="is draft; batches open in an open study"):
        open_adaptive_slots(drafted().pk, wanted={"a:b": 1})
    none = open_study(make_study(key="none", contrasts=PAIRS).pk, at=START)
    with pytest.raises(NoAdaptiveSlots, match="0 are left"):
        open_adaptive_slots(none.pk, wanted={"a:b": 1})


def test_a_held_stimulus_is_not_asked_for_and_where_all_are_held_nothing_is_awaited():
    study = opened(items=2)
    Stimulus.objects.filter(study=study, condition="c", item__position=0).update(held_at=START, held_reason="broken")
    batch = open_adaptive_slots(study.pk, wanted={"a:c": 3})
    assert {slot.comparison.item.position for slot in batch} == {1}
    Stimulus.objects.filter(study=study).update(held_at=START, held_reason="broken")
    assert (adaptive_slots(study).left, study_progress(study).unopened) == (0, 0)


def test_the_replacement_of_an_adaptive_vote_is_adaptive():
    study = opened(items=1, votes_per_comparison=1)
    for _ in range(3):
        play_session(study, prefer("a"))
    open_adaptive_slots(study.pk, wanted={"a:b": 1})
    last = play_session(study, prefer("a"))
    exclude_votes(study.pk, sessions=[last], rule="failed_catch", reason="test", at=LATER)
    assert Slot.objects.get(replaces__session=last).adaptive
    check_study(study)


def test_more_uniform_votes_are_dealt_by_the_uniform_ones_alone_and_bring_their_share():
    study = opened(votes_per_comparison=1)
    open_adaptive_slots(study.pk, wanted={"a:b": 3, "a:c": 2})
    by = User.objects.create_user("author")
    raise_target(study.pk, votes_per_comparison=2, reason="Money was found.", by=by, at=LATER)
    uniform = Slot.objects.filter(comparison__contrast__study=study, adaptive=False)
    assert set(Counter(uniform.values_list("comparison", "treatment_side")).values()) == {1}
    study.refresh_from_db()
    assert (adaptive_slots(study).budget, adaptive_slots(study).left) == (24, 19)


def test_a_launched_study_can_only_stop_choosing_as_a_deviation():
    study, by = opened(), User.objects.create_user("author")
    open_adaptive_slots(study.pk, wanted={"a:b": 3})
    with pytest.raises(CannotAmend, match="settled at launch"):
        change_plan(study.pk, changes={"adaptive_share": 0.2}, reason="r", by=by, at=LATER)
    change_plan(study.pk, changes={"adaptive_share": 0.0}, reason="No time is left.", by=by, at=LATER)
    assert (plan_in_force(study).adaptive_share, adaptive_slots(study).left) == (0.0, 0)
    assert study_progress(study).target == 27
