import numpy as np
import pytest

from analysis.bradley_terry_spread import kinds_of_votes, spread_of_estimates
from analysis.robust import robust_shares


def share_study(speakers, evaluators, *, seed=0, votes_per_cell=1):
    """Votes of two kinds, whose influence on their share is (y - m) / n."""
    rng = np.random.default_rng(seed)
    speaker, evaluator = (np.tile(grid.ravel(), votes_per_cell) for grid in np.meshgrid(
        np.arange(speakers), np.arange(evaluators)
    ))  # fmt: skip
    kind = (rng.random(len(speaker)) < 0.6).astype(np.int64)
    return kind, speaker, evaluator


@pytest.mark.parametrize(("speakers", "evaluators", "votes"), [(12, 4, 1), (60, 50, 3), (2000, 12, 1)])
def test_of_a_share_it_is_the_headlines_rule_by_dense_and_by_sparse_tables(speakers, evaluators, votes):
    kind, speaker, evaluator = share_study(speakers, evaluators, votes_per_cell=votes)
    headline = robust_shares([kind], speakers=speaker, evaluators=evaluator)
    influence = ((np.arange(2) - kind.mean()) / len(kind))[:, np.newaxis]

    spread = spread_of_estimates(
        influence, kinds_of_votes(kind, kinds=2, speaker=speaker, evaluator=evaluator), bears=influence != 0
    )

    assert spread.given.tolist() == [True]
    assert spread.variance == pytest.approx(headline.variance)
    assert spread.df == pytest.approx(headline.df)


def test_many_kinds_are_added_up_alike_in_sparse_and_dense_tables():
    rng = np.random.default_rng(2)
    kind, speaker, evaluator = rng.integers(0, 300, 2000), rng.integers(0, 900, 2000), rng.integers(0, 20, 2000)
    influence = rng.normal(size=(300, 3))

    spread = spread_of_estimates(
        influence, kinds_of_votes(kind, kinds=300, speaker=speaker, evaluator=evaluator), bears=influence != 0
    )

    sums = np.zeros((900, 3))
    np.add.at(sums, speaker, influence[kind])
    used = len(np.unique(speaker))
    assert (spread.variance >= used / (used - 1) * (sums**2).sum(axis=0) * (1 - 1e-9)).all()


def test_what_cancels_in_every_cluster_is_exactly_nothing():
    speaker, evaluator = (grid.ravel() for grid in np.meshgrid(np.arange(12), np.arange(4)))
    kind = (speaker + evaluator) % 2
    influence = np.array([[0.1], [-0.1]])

    spread = spread_of_estimates(
        influence, kinds_of_votes(kind, kinds=2, speaker=speaker, evaluator=evaluator), bears=influence != 0
    )

    assert (spread.variance.tolist(), spread.df.tolist()) == ([0.0], [3.0])


def test_an_estimate_that_too_few_speakers_bear_on_is_not_given():
    speaker, evaluator = np.repeat(np.arange(20), 2), np.tile([0, 1], 20)
    kind = (speaker < 5).astype(np.int64)
    influence = np.array([[0.1, 0.0], [0.1, 0.1]])

    spread = spread_of_estimates(
        influence, kinds_of_votes(kind, kinds=2, speaker=speaker, evaluator=evaluator), bears=influence != 0
    )

    assert spread.given.tolist() == [True, False]
