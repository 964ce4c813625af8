import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import nctdtr, stdtrit

from analysis.power import Assumptions, Design, ImpossibleDesign, check_design, losses, power_of, powers
from analysis.power_designs import Limits, Prices, cheapest_designs, cost_of, offer_of, same_votes
from analysis.power_simulation import courses_of, simulate_power

DEFAULT = Design(speakers=30, evaluators=12, votes=4)


def test_the_design_effect_is_that_of_two_crossed_clusterings():
    # 4 votes a speaker, 10 an evaluator: 1 + 3 x .1 + 9 x .05.
    found = power_of(DEFAULT, Assumptions(0.65, 0.1, 0.05))

    assert found.design_effect == pytest.approx(1.75)
    assert found.effective_votes == pytest.approx(120 / 1.75)
    assert found.votes == 120


def test_several_comparison_groups_share_an_evaluators_trials():
    assert power_of(Design(30, 12, 4, contrasts=3), Assumptions(0.65, 0.1, 0.05)) == power_of(
        DEFAULT, Assumptions(0.65, 0.1, 0.05)
    )


def test_with_many_speakers_and_evaluators_it_is_the_plain_noncentral_t():
    design, a = Design(600, 150, 2), Assumptions(0.55, 0.1, 0.05)
    found = power_of(design, a)
    far = 0.05 / np.sqrt(0.55 * 0.45 / 1200 * found.design_effect)
    plain = 1 - nctdtr(found.df, far, stdtrit(found.df, 0.975) / (2 * np.sqrt(0.55 * 0.45)))

    assert found.power == pytest.approx(plain, abs=0.02)


def test_at_one_half_the_power_is_the_level_or_a_little_less():
    many = power_of(Design(600, 300, 2), Assumptions(0.5, 0.1, 0.05)).power
    few = power_of(DEFAULT, Assumptions(0.5, 0.1, 0.05)).power

    assert many == pytest.approx(0.05, abs=0.005)
    assert 0.03 < few <= 0.05


def test_ties_and_side_bias_pull_the_share_to_one_half():
    a = Assumptions(0.7, ties=0.2, left_share=0.6)

    assert a.heedless == pytest.approx(0.2)
    assert a.chosen_share == pytest.approx(0.66)
    assert a.share == pytest.approx(0.5 + 0.8 * 0.16)
    # 0 with .8 x .34, one half with .2, 1 with .8 x .66.
    assert a.vote_variance == pytest.approx(0.8 * 0.66 + 0.2 / 4 - a.share**2)


def test_who_leaves_and_who_is_set_aside_costs_recruits_not_votes():
    a = Assumptions(0.65, dropout=0.2, exclusions=0.1)
    found = losses(slots=360, trials=30, contrasts=3, assumptions=a)

    # A recruit leaves .9 x (.8 x 30 + .2 x 14.5) = 24.21 votes that count.
    assert found.recruits == 15
    assert found.trials_played == pytest.approx(400)
    assert power_of(Design(30, 12, 4, 3), a).votes == 120


def test_without_losses_there_are_as_many_recruits_as_lists():
    found = losses(slots=360, trials=30, contrasts=3, assumptions=Assumptions(0.65))

    assert (found.recruits, found.evaluators, found.per_evaluator) == (12, 12, 10)


@pytest.mark.parametrize(
    ("design", "field", "sentence"),
    [
        (Design(1, 12, 4), "speakers", "Votes on one speaker say nothing about other speakers: plan for more."),
        (Design(0, 12, 4), "speakers", "Speakers, evaluators, votes and comparison groups are at least 1."),
        (Design(30, 3, 4), "evaluators", "4 votes a comparison need at least 4 evaluators, because nobody votes on a"),
        (Design(30, 11, 4, 3), "evaluators", "4 votes a comparison in each of 3 comparison groups need at least 12"),
    ],
)
def test_what_no_study_can_be_is_refused_beside_a_number(design, field, sentence):
    with pytest.raises(ImpossibleDesign) as refused:
        check_design(design)

    assert refused.value.field == field
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("design", "has_power", "sentence"),
    [
        (Design(9, 12, 4), False, "With 9 speakers the report gives no interval and no p"),
        (Design(10, 10, 4), True, None),
        (Design(30, 1, 1), False, "One evaluator's votes say nothing about other evaluators"),
        (Design(30, 5, 4), True, "5 evaluators are few"),
        (Design(30, 50, 4), True, "With 3 trials a session the slots make 40 lists, so 40 evaluators fill the study"),
    ],
)
def test_what_the_report_will_not_say_is_said_before(design, has_power, sentence):
    found = power_of(design, Assumptions(0.65))

    assert (found.power is not None) == has_power
    assert [note[: len(sentence or "")] for note in found.notes] == ([sentence] if sentence else [])


@settings(max_examples=80, deadline=None)
@given(
    speakers=st.integers(10, 200),
    votes=st.integers(1, 12),
    spare=st.integers(0, 50),
    preference=st.floats(0.5, 0.99),
    icc_speaker=st.floats(0, 0.99),
    icc_evaluator=st.floats(0, 0.99),
    ties=st.floats(0, 0.9),
    left_share=st.floats(0.05, 0.95),
    dropout=st.floats(0, 0.5),
)
def test_power_is_a_share_and_mirrors(
    speakers, votes, spare, preference, icc_speaker, icc_evaluator, ties, left_share, dropout
):
    design = Design(speakers, max(2, votes) + spare, votes)
    a = Assumptions(preference, icc_speaker, icc_evaluator, ties, left_share, dropout)
    mirrored = Assumptions(1 - preference, icc_speaker, icc_evaluator, ties, 1 - left_share, dropout)

    found = power_of(design, a).power

    assert 0 <= found <= 1
    assert power_of(design, mirrored).power == pytest.approx(found, abs=1e-6)


def test_more_of_anything_that_helps_helps():
    a = Assumptions(0.62, 0.15, 0.05)
    base = power_of(DEFAULT, a).power

    assert power_of(Design(60, 24, 4), a).power > base
    assert power_of(Design(30, 24, 4), a).power > base
    assert power_of(DEFAULT, Assumptions(0.66, 0.15, 0.05)).power > base
    assert power_of(DEFAULT, Assumptions(0.62, 0.3, 0.05)).power < base
    assert power_of(DEFAULT, Assumptions(0.62, 0.15, 0.2)).power < base
    assert power_of(DEFAULT, Assumptions(0.62, 0.15, 0.05, ties=0.3)).power < base
    assert power_of(DEFAULT, Assumptions(0.62, 0.15, 0.05, level=0.01)).power < base


def test_many_designs_at_once_are_each_what_they_are_alone():
    a = Assumptions(0.65)
    together = powers(
        speakers=np.array([20, 30, 30]), votes=np.array([3, 4, 4]), evaluators=np.array([6, 12, 20]),
        per_evaluator=np.array([10, 10, 6]), assumptions=a,
    )  # fmt: skip
    alone = powers(speakers=30, votes=4, evaluators=12, per_evaluator=10, assumptions=a)

    assert together.power[1] == float(alone.power)


def test_money_and_hours_are_those_of_everyone_who_comes():
    a, prices = Assumptions(0.65, dropout=0.2, exclusions=0.1), Prices(1.5, 6, per_hour=12, per_session=3)

    cost = cost_of(Design(30, 12, 4, 3), a, prices)

    assert (cost.recruits, cost.trials) == (15, pytest.approx(400))
    assert cost.hours == pytest.approx((400 * 1.5 + 15 * 6) / 60)
    assert cost.money == pytest.approx(12 * cost.hours + 3 * 15 * 0.8)


def test_the_cheapest_design_is_the_cheapest_of_all_that_reach_the_power():
    a, prices, limits = Assumptions(0.7), Prices(per_hour=12), Limits(speakers=25, trials=12, evaluators=40)

    best = cheapest_designs(a, prices, contrasts=1, target=0.7, limits=limits)[0]

    every = [
        offer_of(Design(speakers, evaluators, votes), a, prices)
        for speakers in range(10, 26)
        for votes in (1, 2, 3, 4)
        for evaluators in range(max(6, votes), 41)
        if Design(speakers, evaluators, votes).lists == evaluators and speakers * votes / evaluators <= 12
    ]
    reaching = [offer for offer in every if offer.power.power >= 0.7]
    assert best.power.power >= 0.7
    assert best.cost.money == pytest.approx(min(offer.cost.money for offer in reaching))


def test_a_power_out_of_reach_gives_no_designs():
    limits = Limits(speakers=12, trials=12, evaluators=12)

    assert cheapest_designs(Assumptions(0.55), Prices(), contrasts=1, target=0.95, limits=limits) == []
    assert cheapest_designs(Assumptions(0.55), Prices(), contrasts=1, target=0.9, limits=Limits(9, 12, 12)) == []


def test_the_same_votes_find_more_on_more_speakers_and_with_more_evaluators():
    pairs = same_votes(Design(30, 12, 4, 3), Assumptions(0.65), Prices())

    assert [(same.design.speakers, same.design.votes) for same, _ in pairs] == [(120, 1), (60, 2), (40, 3), (30, 4)]
    found = [same.power.power for same, _ in pairs]
    assert found == sorted(found, reverse=True)
    assert all(twice.power.power > same.power.power for same, twice in pairs)


@pytest.mark.parametrize(
    ("design", "a"),
    [
        (DEFAULT, Assumptions(0.5)),
        (DEFAULT, Assumptions(0.65)),
        (Design(30, 12, 4, 3), Assumptions(0.65, 0.3, 0.1, dropout=0.2, exclusions=0.1)),
        (Design(60, 24, 2), Assumptions(0.62, ties=0.2)),
        (Design(12, 6, 2), Assumptions(0.8)),
        (DEFAULT, Assumptions(0.7, 0.9, 0.0)),
        (DEFAULT, Assumptions(0.65, 0.05, 0.02, left_share=0.75)),
        (Design(30, 12, 4, 3), Assumptions(0.7, 0.05, 0.02, left_share=0.3, ties=0.2, dropout=0.3)),
    ],
)
def test_formula_and_simulation_agree(design, a):
    simulated = simulate_power(courses_of(design, a, seed=5), a, seed=5, studies=4000)

    # Three Monte Carlo errors, and what bench/power.py shows that the formula may be off by.
    assert power_of(design, a).power == pytest.approx(simulated.power, abs=0.02 + 3 * simulated.error)
