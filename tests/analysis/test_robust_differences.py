import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.robust import Clusters, robust_shares, two_way
from analysis.robust_differences import sorted_squares, t_interval, t_p


def clusters_of(influence, codes):
    sums = np.bincount(np.unique(codes, return_inverse=True)[1], influence)
    return Clusters(np.array([float(len(sums))]), sorted_squares(sums))


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 12), st.integers(2, 6))
def test_of_a_share_it_is_the_headlines_variance_and_df(seed, speakers, evaluators):
    rng = np.random.default_rng(seed)
    speaker, evaluator = (grid.ravel() for grid in np.meshgrid(np.arange(speakers), np.arange(evaluators)))
    votes = rng.integers(0, 2, len(speaker)).astype(float)
    influence = (votes - votes.mean()) / len(votes)
    headline = robust_shares([votes], speakers=speaker, evaluators=evaluator)

    variance, df = two_way(
        speakers=clusters_of(influence, speaker),
        evaluators=clusters_of(influence, evaluator),
        cells=clusters_of(influence, speaker * evaluators + evaluator),
    )

    assert variance == pytest.approx(headline.variance, abs=1e-15)
    if headline.variance[0] > 1e-12:
        assert df == pytest.approx(headline.df)


def test_without_any_spread_df_is_that_of_the_fewer():
    nothing = np.zeros(1)

    variance, df = two_way(
        speakers=Clusters(np.array([12.0]), nothing),
        evaluators=Clusters(np.array([3.0]), nothing),
        cells=Clusters(np.array([36.0]), nothing),
    )

    assert (variance.tolist(), df.tolist()) == ([0.0], [2.0])


def test_squares_add_up_the_same_in_any_order_and_direction():
    influence = np.random.default_rng(1).normal(size=1000)

    assert sorted_squares(-influence[::-1]) == sorted_squares(influence)


def test_p_is_five_percent_where_the_interval_ends_at_zero():
    low, high = t_interval(0.0, variance=4.0, df=7.5)

    assert low == -high
    assert t_p(high, variance=4.0, df=7.5) == pytest.approx(0.05)
    assert t_p(-high, variance=4.0, df=7.5) == pytest.approx(0.05)


def test_p_without_variance_is_one_at_zero_and_otherwise_not_defined():
    assert t_p(0.0, variance=0.0, df=3.0) == 1.0
    assert t_p(0.1, variance=0.0, df=3.0) is None
