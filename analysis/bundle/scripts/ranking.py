"""All conditions on one scale, with ranks: Bradley-Terry abilities, Davidson's where there are ties."""

import numpy as np
import pandas as pd
from formulas import FEWEST_SPEAKERS, holm, two_way
from scipy import stats
from scipy.sparse.csgraph import connected_components

MOST_CONDITIONS = 100
LEVEL = 0.05
NO_INFLUENCE = 1e-12


def ranking(votes: pd.DataFrame) -> dict:
    """Abilities by maximum likelihood, their differences under the two-way rule, ranks by Holm, circles of majorities.

    None is estimable where some group never lost to, or never won against, all others: the likelihood has no maximum.
    """
    names = sorted({*votes.treatment, *votes.control})
    first, second = (votes[side].map(names.index).to_numpy(int) for side in ("treatment", "control"))
    # won[i, j]: how often i was preferred to j; tied[i, j]: how often neither was.
    won, tied = (np.zeros((len(names), len(names)), dtype=int) for _ in range(2))
    for halves, counts in ((2, won), (1, tied), (0, won.T)):
        np.add.at(counts, (first[votes.halves == halves], second[votes.halves == halves]), 1)
    tied = tied + tied.T
    found = {"estimable": False, "abilities": {}, "intervals": {}, "log_nu": None, "differences": [], "ranks": {},
             "intransitive": circles(names, won > won.T)}  # fmt: skip
    if not names or len(names) > MOST_CONDITIONS:
        return found
    if connected_components((won + tied) > 0, directed=True, connection="strong")[0] > 1:
        return found
    fit = fitted(votes, names, davidson=bool(tied.any()) and ties_have_odds(won, tied))
    return found if fit is None else found | on_one_scale(votes, names, *fit)


def circles(names: list, preferred: np.ndarray) -> list:
    """Triples of which each is preferred to the next by most of their votes, and the last to the first."""
    beats = [np.flatnonzero(row).tolist() for row in preferred]
    return [
        [names[a], names[b], names[c]]
        for a in range(len(names))
        for b in beats[a]
        for c in beats[b]
        if min(b, c) > a and a in beats[c]
    ]


def ties_have_odds(won: np.ndarray, tied: np.ndarray) -> bool:
    """Whether Davidson's likelihood has its maximum: some circle of conditions has more preferences than ties."""
    steps = np.where(won > 0, -2.0, np.where(tied > 0, 2.0, np.inf))
    for through in range(len(steps)):
        # A step on the way is as long as it was, at the least: lengths that grow past all bounds say nothing more.
        steps = np.maximum(np.minimum(steps, steps[:, [through]] + steps[[through]]), -1e6)
    return bool((np.diag(steps) < 0).any())


def fitted(votes: pd.DataFrame, names: list, *, davidson: bool) -> tuple | None:
    """Abilities; the log odds of a tie; for each kind of vote the influence of any of the three answers to its pair on
    the abilities (kinds, 3, k), which is its score times the inverse information; its answer (kinds,); and the kind of
    each vote (votes,). Without Davidson's parameter a tie is half a vote for each.
    """
    k = len(names)
    first, second = (votes[side].map(names.index).to_numpy(int) for side in ("treatment", "control"))
    kinds, kind, many = np.unique(
        np.column_stack([first, second, votes.halves]), axis=0, return_inverse=True, return_counts=True
    )
    pairs, rows = kinds[:, :2], np.arange(len(kinds))
    features = np.zeros((len(kinds), 3, k + davidson))
    for outcome in range(3):
        features[rows, outcome, pairs[:, 0]] = outcome / 2
        features[rows, outcome, pairs[:, 1]] = -outcome / 2
    possible = np.array([1.0, float(davidson), 1.0])
    if davidson:
        features[:, 1, k] = 1
    at = np.zeros(k + davidson)
    for _ in range(200):
        weights = np.exp(features @ at) * possible
        shares = weights / weights.sum(axis=1, keepdims=True)
        scores = features - np.einsum("ro,rom->rm", shares, features)[:, None]
        information = np.einsum("r,ro,rom,rol->ml", many, shares, scores, scores)
        information[:k, :k] += 1 / k  # a shift of all abilities alike changes nothing
        inverse = np.linalg.inv(information)
        step = inverse @ (many @ scores[rows, kinds[:, 2]])
        at = at + step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < 1e-13:
            break
    if np.abs(step).max() > 1e-8:
        return None
    influence = (scores @ inverse)[:, :, :k]
    influence = influence - influence.mean(axis=2, keepdims=True)
    return at[:k] - at[:k].mean(), at[k] if davidson else None, influence, kinds[:, 2], kind.ravel()


def on_one_scale(
    votes: pd.DataFrame, names: list, abilities: np.ndarray, log_nu: float | None, influence: np.ndarray,
    outcome: np.ndarray, kind: np.ndarray,
) -> dict:  # fmt: skip
    def spread(estimate: float, of_answers: np.ndarray) -> dict:
        # Votes bear on an estimate where another answer to their pair would move it: a tie between equals too.
        bears = (np.abs(of_answers) > NO_INFLUENCE * np.abs(of_answers).max()).any(axis=1)
        return spread_of(estimate, of_answers[np.arange(len(outcome)), outcome][kind], bears[kind], votes)

    differences = []
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            apart = abilities[a] - abilities[b] if abs(abilities[a] - abilities[b]) > 1e-12 else 0.0
            found = spread(apart, influence[:, :, a] - influence[:, :, b])
            differences.append({"a": names[a], "b": names[b], "difference": apart, **found})
    ranks = dict.fromkeys(names, 1) if any(row["p"] is not None for row in differences) else {}
    for row, p in zip(differences, holm([row["p"] for row in differences]), strict=True):
        row["holm_p"] = p
        if p is not None and p < LEVEL and row["difference"]:
            ranks[row["b"] if row["difference"] > 0 else row["a"]] += 1
    return {
        "estimable": True,
        "abilities": dict(zip(names, abilities, strict=True)),
        "log_nu": log_nu,
        "intervals": {
            name: spread(abilities[place], influence[:, :, place])["interval"] for place, name in enumerate(names)
        },
        "differences": differences,
        "ranks": ranks,
    }


def spread_of(estimate: float, influence_of: np.ndarray, bears: np.ndarray, votes: pd.DataFrame) -> dict:
    """Standard error, df, p and interval, from the votes that bear on the estimate."""
    used = votes[bears]
    speakers, evaluators = used.item.nunique(), used.evaluator.nunique()
    if speakers < FEWEST_SPEAKERS or evaluators < 2:
        return {"se": None, "df": None, "p": None, "interval": None}
    variance, df = two_way(pd.Series(influence_of, votes.index)[used.index], used)
    if variance < 1e-24:
        fewest = min(speakers, evaluators) - 1
        return {"se": 0.0, "df": fewest, "p": 1.0 if estimate == 0 else None, "interval": None}
    se = np.sqrt(variance)
    reach = stats.t.ppf(0.975, df) * se
    return {"se": se, "df": df, "p": 2 * stats.t.sf(abs(estimate) / se, df),
            "interval": [estimate - reach, estimate + reach]}  # fmt: skip
