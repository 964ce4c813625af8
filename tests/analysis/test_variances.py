import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.power import Assumptions, Design
from analysis.power_simulation import courses_of, latent_of, simulate_votes
from analysis.variances import pooled, variances


def crossed(table):
    """Votes, speakers and evaluators of a full table of 0 and 1: one row a speaker."""
    cells = [(value, row, column) for row, values in enumerate(table) for column, value in enumerate(values)]
    return zip(*cells, strict=True)


def correlations_of(table):
    preferred, speakers, evaluators = crossed(table)
    return variances(preferred, speakers=speakers, evaluators=evaluators)


TABLE = np.array(
    [
        [1, 1, 1, 0, 1],
        [0, 0, 1, 0, 0],
        [1, 1, 1, 1, 1],
        [0, 1, 0, 0, 1],
        [1, 0, 1, 0, 1],
        [0, 0, 0, 0, 1],
    ]
)


def test_a_full_table_gives_the_mean_squares_of_the_two_way_analysis_of_variance():
    # Shrout and Fleiss (1979), Psychological Bulletin 86(2):420-428: expected mean squares, random rows and columns.
    rows, columns = TABLE.shape
    mean = TABLE.mean()
    ms_rows = columns * ((TABLE.mean(axis=1) - mean) ** 2).sum() / (rows - 1)
    ms_columns = rows * ((TABLE.mean(axis=0) - mean) ** 2).sum() / (columns - 1)
    residual = TABLE - TABLE.mean(axis=1, keepdims=True) - TABLE.mean(axis=0, keepdims=True) + mean
    ms_error = (residual**2).sum() / ((rows - 1) * (columns - 1))
    parts = np.array([(ms_rows - ms_error) / columns, (ms_columns - ms_error) / rows, ms_error])

    found = correlations_of(TABLE.tolist())

    assert found.speaker.value == pytest.approx(parts[0] / parts.sum(), abs=1e-9)
    assert found.evaluator.value == pytest.approx(parts[1] / parts.sum(), abs=1e-9)
    assert found.share == mean


def test_votes_of_an_unbalanced_pilot_give_the_true_correlations_on_the_average():
    design = Design(speakers=40, evaluators=20, votes=4)
    assumptions = Assumptions(0.6, 0.25, 0.1, dropout=0.3, exclusions=0.1)
    course = courses_of(design, assumptions, seed=2, courses=1)[0]
    rng = np.random.Generator(np.random.PCG64(4))
    votes = simulate_votes(course, assumptions, latent_of(assumptions), studies=300, rng=rng)

    found = [variances(row.tolist(), speakers=course.speaker, evaluators=course.evaluator) for row in votes]

    assert np.mean([each.speaker.value for each in found]) == pytest.approx(0.25, abs=0.02)
    assert np.mean([each.evaluator.value for each in found]) == pytest.approx(0.1, abs=0.02)
    covered = [each.speaker.interval[0] <= 0.25 <= each.speaker.interval[1] for each in found]
    assert np.mean(covered) >= 0.93


def test_a_side_bias_does_not_hide_that_votes_resemble_each_other():
    design, truth = Design(speakers=30, evaluators=12, votes=4), Assumptions(0.65, 0.1, 0.05, left_share=0.75)
    course = courses_of(design, truth, seed=1)[0]
    rng = np.random.Generator(np.random.PCG64(4))
    votes = simulate_votes(course, truth, latent_of(truth), studies=400, rng=rng)
    labels = {"speakers": course.speaker, "evaluators": course.evaluator, "treatment_left": course.treatment_left}

    found = [variances(row.tolist(), **labels) for row in votes]

    assert np.mean([each.speaker.value for each in found]) == pytest.approx(0.1, abs=0.025)
    assert np.mean([each.evaluator.value for each in found]) == pytest.approx(0.05, abs=0.02)


def test_the_interval_comes_from_really_leaving_each_out():
    preferred, speakers, evaluators = (np.array(column) for column in crossed(TABLE.tolist()))

    def left_out(labels):
        each = [_raw(preferred[labels != x], speakers[labels != x], evaluators[labels != x]) for x in np.unique(labels)]
        return (len(each) - 1) / len(each) * ((np.array(each) - np.mean(each, axis=0)) ** 2).sum(axis=0)

    variance = np.maximum(left_out(speakers), left_out(evaluators))
    half = 2.7764451051977987 * np.sqrt(variance)  # Student's t at 97.5 %, 4 df
    value = _raw(preferred, speakers, evaluators)

    found = correlations_of(TABLE.tolist())

    for got, centre, width in zip((found.speaker, found.evaluator), value, half, strict=True):
        assert got.interval == pytest.approx((max(0, centre - width), min(1, centre + width)), abs=1e-8)


def _raw(preferred, speakers, evaluators):
    """Both correlations, not cut off at 0, by least squares on Henderson's equations written out again."""
    n = len(preferred)
    i, j = np.unique(speakers, return_inverse=True)[1], np.unique(evaluators, return_inverse=True)[1]
    a, b = np.eye(i.max() + 1)[i], np.eye(j.max() + 1)[j]
    centre = np.full((n, n), 1 / n)
    forms = [np.eye(n) - centre] + [x @ np.diag(1 / x.sum(axis=0)) @ x.T - centre for x in (a, b)]
    matrix = [[np.trace(form @ g) for g in (a @ a.T, b @ b.T, np.eye(n))] for form in forms]
    parts = np.linalg.solve(matrix, [preferred @ form @ preferred for form in forms])
    return parts[:2] / parts.sum()


def test_order_of_votes_and_names_of_ids_change_nothing():
    preferred, speakers, evaluators = (list(column) for column in crossed(TABLE.tolist()))
    shuffled = np.random.Generator(np.random.PCG64(1)).permutation(len(preferred)).tolist()

    again = variances(
        [preferred[k] for k in shuffled],
        speakers=[f"clip {9 - speakers[k]}" for k in shuffled],
        evaluators=[f"e{7 * evaluators[k]}" for k in shuffled],
    )

    assert again == variances(preferred, speakers=speakers, evaluators=evaluators)


def test_swapping_treatment_and_control_keeps_the_correlations():
    one, other = correlations_of(TABLE.tolist()), correlations_of((1 - TABLE).tolist())

    assert (one.speaker, one.evaluator) == (other.speaker, other.evaluator)
    assert one.share + other.share == pytest.approx(1)


def test_ties_are_left_out_and_counted():
    preferred, speakers, evaluators = (list(column) for column in crossed(TABLE.tolist()))

    found = variances([*preferred, 0.5, 0.5], speakers=[*speakers, 0, 9], evaluators=[*evaluators, 1, 9])

    assert found.ties == 2
    assert (found.votes, found.speakers, found.evaluators) == (30, 6, 5)
    assert found.speaker == correlations_of(TABLE.tolist()).speaker


@pytest.mark.parametrize(
    ("preferred", "speakers", "evaluators", "why"),
    [
        ([], [], [], "No votes that choose a side."),
        ([0.5, 0.5], [1, 2], [1, 2], "No votes that choose a side."),
        ([1], [1], [1], "All votes agree, so nothing varies."),
        ([1, 1, 1, 1], [1, 1, 2, 2], [1, 2, 1, 2], "All votes agree, so nothing varies."),
        ([1, 0], [1, 1], [1, 2], "Votes on two speakers and of two evaluators are the least"),
        ([1, 0], [1, 2], [1, 1], "Votes on two speakers and of two evaluators are the least"),
        ([1, 0, 1, 0], [1, 2, 3, 4], [1, 1, 2, 2], "No speaker has two votes"),
        ([1, 0, 1, 0], [1, 1, 2, 2], [1, 2, 3, 4], "No evaluator has two votes"),
        ([1, 0, 1, 0], [1, 1, 2, 2], [1, 1, 2, 2], "Speakers and evaluators cannot be told apart"),
    ],
)
def test_what_cannot_be_said_is_none_with_a_sentence(preferred, speakers, evaluators, why):
    found = variances(preferred, speakers=speakers, evaluators=evaluators)

    assert (found.speaker.value, found.evaluator.value) == (None, None)
    assert found.speaker.note.startswith(why)


def test_a_small_pilot_says_so_and_a_large_one_does_not():
    large = np.tile(TABLE, (4, 2))

    assert correlations_of(TABLE.tolist()).notes[0].startswith("A small pilot: 30 votes on 6 speakers by 5 evaluators.")
    assert correlations_of(large.tolist()).notes == ()


def test_an_estimate_below_zero_is_zero_and_says_so():
    # Every speaker has two votes of each kind: less alike than chance would make them.
    found = correlations_of([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]])

    assert found.speaker.value == 0
    assert found.speaker.note.startswith("The estimate is below 0")
    assert found.speaker.interval[0] == 0


def test_several_groups_are_weighted_by_their_votes():
    one, other = correlations_of(TABLE.tolist()), correlations_of(np.tile(TABLE[::-1, :3], (1, 2)).tolist())

    both = pooled([one, other, variances([], speakers=[], evaluators=[])])

    assert both.votes == 66
    assert both.speaker.value == pytest.approx((30 * one.speaker.value + 36 * other.speaker.value) / 66)
    assert both.speaker.interval[0] <= both.speaker.value <= both.speaker.interval[1]
    assert pooled([]).speaker.value is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.5, 1]), st.integers(0, 5), st.integers(0, 5)), min_size=0, max_size=40
    )
)
def test_any_votes_give_numbers_in_range_or_a_sentence(votes):
    preferred, speakers, evaluators = zip(*votes, strict=True) if votes else ((), (), ())

    found = variances(preferred, speakers=speakers, evaluators=evaluators)

    for each in (found.speaker, found.evaluator):
        assert each.note if each.value is None else 0 <= each.value <= 1
        assert all(0 <= end <= 1 for end in itertools.chain(each.interval or ()))
