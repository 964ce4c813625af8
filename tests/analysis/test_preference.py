import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.binomial import wilson_interval
from analysis.preference import preference, robust_shares

from .known_answers import CASES

STUDY_A = CASES["study_A"]
ROWS = STUDY_A["inputs"]["votes_speaker_evaluator_awins_aside"]


@st.composite
def studies(draw):
    """Votes of 1 to 14 speakers and 1 to 6 evaluators, each cell at most once, ties among them."""
    n_speakers, n_evaluators = draw(st.integers(1, 14)), draw(st.integers(1, 6))
    cells = [(s, e) for s in range(n_speakers) for e in range(n_evaluators)]
    cells = draw(st.lists(st.sampled_from(cells), unique=True, min_size=1))
    votes = draw(st.lists(st.sampled_from([0, 0.5, 1]), min_size=len(cells), max_size=len(cells)))
    return votes, [s for s, _ in cells], [e for _, e in cells]


def numbers(result):
    low, high = result.interval or (None, None)
    return [result.share, low, high, result.p, result.df, result.effective_votes, result.design_effect]


def test_study_a_gives_the_reference_headline():
    result = preference(
        [row[2] for row in ROWS], speakers=[row[0] for row in ROWS], evaluators=[row[1] for row in ROWS]
    )

    expected, tolerance = STUDY_A["expected"], STUDY_A["tol"]
    assert result.votes == expected["n"]
    assert result.share == pytest.approx(expected["share"], abs=tolerance)
    assert result.df == pytest.approx(expected["default_df"], abs=tolerance)
    assert result.p == pytest.approx(expected["default_p"], abs=tolerance)
    assert result.interval == pytest.approx(expected["default_wilson_neff"], abs=tolerance)
    assert result.design_effect == pytest.approx(120 / result.effective_votes)
    assert result.note is None


def test_study_as_variance_is_the_largest_of_the_three():
    robust = robust_shares(
        [[row[2] for row in ROWS]], speakers=[row[0] for row in ROWS], evaluators=[row[1] for row in ROWS]
    )

    assert math.sqrt(robust.variance[0]) == pytest.approx(STUDY_A["expected"]["default_se"], abs=STUDY_A["tol"])


def test_unanimous_votes_are_worth_the_fewer_of_speakers_and_evaluators():
    cells = [(s, e) for s in range(30) for e in range(4)]

    result = preference([1] * 120, speakers=[s for s, _ in cells], evaluators=[e for _, e in cells])

    assert result.share == 1.0
    assert result.effective_votes == 4
    assert result.df == 3
    assert result.interval == pytest.approx(tuple(float(x) for x in wilson_interval(1.0, 4)))
    assert 0.04 < result.p < 0.05


def test_a_variance_of_exactly_zero_is_worth_the_fewer_of_speakers_and_evaluators():
    # each speaker and each of two evaluators is split evenly: both clustered variances are 0
    cells = [(s, e) for s in range(12) for e in range(2)]
    votes = [(s + e) % 2 for s, e in cells]

    result = preference(votes, speakers=[s for s, _ in cells], evaluators=[e for _, e in cells])

    assert (result.share, result.effective_votes, result.df, result.p) == (0.5, 2, 1, 1.0)


def test_ties_count_one_half():
    cells = [(s, e) for s in range(12) for e in range(3)]

    result = preference(
        [0.5 if e == 0 else 1 for _, e in cells],
        speakers=[s for s, _ in cells],
        evaluators=[e for _, e in cells],
    )

    assert result.share == pytest.approx(2.5 / 3)


@pytest.mark.parametrize(
    ("votes", "speakers", "evaluators", "word"),
    [
        ([], [], [], "No votes yet"),
        ([1], ["s"], ["e"], "One evaluator's votes on one speaker"),
        ([1, 0], ["s", "s"], ["e", "f"], "on one speaker"),
        ([1, 0], ["s", "t"], ["e", "e"], "one evaluator's"),
        ([1, 0, 1], ["s", "t", "t"], ["e", "f", "e"], "on 2 speakers"),
        ([1, 0], None, None, "no speaker or evaluator ids"),
    ],
)
def test_what_cannot_be_said_is_none_with_a_note(votes, speakers, evaluators, word):
    result = preference(votes, speakers=speakers, evaluators=evaluators)

    assert word in result.note
    assert (result.interval, result.p, result.df) == (None, None, None)
    assert result.share == (sum(votes) / len(votes) if votes else None)


def test_other_values_than_votes_are_refused():
    with pytest.raises(ValueError, match="A vote is 1"):
        preference([1, 2], speakers=[1, 2], evaluators=[1, 2])


@settings(deadline=None, derandomize=True)
@given(studies())
def test_every_study_has_a_defined_answer(study):
    votes, speakers, evaluators = study

    result = preference(votes, speakers=speakers, evaluators=evaluators)

    assert all(value is None or math.isfinite(value) for value in numbers(result))
    assert (result.interval is None) == (result.note is not None)
    if result.interval:
        low, high = result.interval
        assert 0 <= low <= result.share <= high <= 1
        assert 0 <= result.p <= 1
        assert 0 < result.effective_votes <= result.votes


@settings(deadline=None, derandomize=True)
@given(studies())
def test_p_and_interval_agree_at_five_percent(study):
    votes, speakers, evaluators = study

    result = preference(votes, speakers=speakers, evaluators=evaluators)

    if result.interval and abs(result.p - 0.05) > 1e-9:
        assert (result.p < 0.05) == (not result.interval[0] <= 0.5 <= result.interval[1])


@settings(deadline=None, derandomize=True)
@given(studies())
def test_swapping_treatment_and_control_mirrors_the_share_and_keeps_p(study):
    votes, speakers, evaluators = study

    one = preference(votes, speakers=speakers, evaluators=evaluators)
    other = preference([1 - vote for vote in votes], speakers=speakers, evaluators=evaluators)

    assert other.share == pytest.approx(1 - one.share)
    assert other.p == (None if one.p is None else pytest.approx(one.p, rel=1e-9, abs=1e-12))
    if one.interval:
        assert other.interval == pytest.approx((1 - one.interval[1], 1 - one.interval[0]), abs=1e-9)


@settings(deadline=None, derandomize=True)
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_votes_and_the_names_change_not_one_bit(study, random):
    votes, speakers, evaluators = study
    rows = [(v, f"speaker {97 - s}", ("evaluator", -e)) for v, s, e in zip(*study, strict=True)]
    random.shuffle(rows)

    renamed = preference([r[0] for r in rows], speakers=[r[1] for r in rows], evaluators=[r[2] for r in rows])

    assert renamed == preference(votes, speakers=speakers, evaluators=evaluators)


@pytest.mark.parametrize("evaluators", [4, 12])
def test_the_headline_is_calibrated_on_null_studies(evaluators):
    """30 speakers x 4 votes, no preference, logit effects of sd 1 (speakers) and .5 (evaluators)."""
    simulated = 2500
    rng = np.random.default_rng(20261122)
    speaker = np.repeat(np.arange(30), 4)
    evaluator = (speaker * 4 + np.tile(np.arange(4), 30) + speaker // 3) % evaluators
    logit = rng.normal(0, 1, (simulated, 30))[:, speaker]
    logit += rng.normal(0, 0.5, (simulated, evaluators))[:, evaluator]
    votes = rng.random((simulated, 120)) < 1 / (1 + np.exp(-logit))

    robust = robust_shares(votes, speakers=speaker.tolist(), evaluators=evaluator.tolist())

    assert np.mean(robust.p < 0.05) <= 0.06
    assert np.mean((robust.low <= 0.5) & (robust.high >= 0.5)) >= 0.93


def test_a_hundred_thousand_votes_keep_their_share_to_the_last_digit():
    n = 100_000
    votes = [(i * 7919 % 100) < 55 for i in range(n)]

    result = preference(votes, speakers=[i % 500 for i in range(n)], evaluators=[i // 500 for i in range(n)])

    assert result.share == 0.55
    assert 0 < result.effective_votes <= n
