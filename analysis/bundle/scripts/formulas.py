"""The formulas behind the report, written out with numpy, scipy and pandas alone, so that they can be read and doubted.

`votes` is a table of votes: `item`, `evaluator`, `halves` (2 treatment chosen, 1 tie, 0 control chosen), `chosen_side`,
`strength` (1 slightly, 2 clearly, 0 not said), `place` (of the trial in its session) and `rt_ms`. None stands where
nothing can be said.
"""

from math import comb

import numpy as np
import pandas as pd
from scipy import stats

Z = stats.norm.ppf(0.975)
FEWEST_SPEAKERS = 10
MOST_WITH_P, FEW_WITH_P = 2000, 50
FAST_MS = 300.0


def headline(votes: pd.DataFrame, confidence: float = 0.95) -> dict:
    """Two-way robust share, interval and p: variance clustered by speaker, by evaluator and by both."""
    n, speakers, evaluators = len(votes), votes.item.nunique(), votes.evaluator.nunique()
    share = votes.halves.sum() / (2 * n) if n else None
    found = {"votes": n, "share": share, "interval": None, "p": None, "df": None, "effective_votes": None,
             "design_effect": None}  # fmt: skip
    if speakers < 2 or evaluators < 2:
        return found
    # 2 n^2 times each vote's influence on the share, in whole numbers: a variance of nothing is then exactly 0.
    influence_of = n * votes.halves - votes.halves.sum()
    variance, df = two_way(influence_of / (2.0 * n * n), votes, exact=influence_of)
    z, t = stats.norm.ppf((1 + confidence) / 2), stats.t.ppf((1 + confidence) / 2, df)
    if variance == 0 or share in (0, 1):
        effective = min(speakers, evaluators)
    else:
        effective = min(n, share * (1 - share) / variance * (z / t) ** 2)
    found |= {"effective_votes": effective, "design_effect": n / effective}
    if speakers < 10:
        return found
    q = abs(share - 0.5) / np.sqrt(0.25 / effective) * t / z
    return found | {"interval": list(wilson(share, effective, z)), "p": 2 * stats.t.sf(q, df), "df": df}


def two_way(influence_of: pd.Series, votes: pd.DataFrame, exact: pd.Series | None = None) -> tuple[float, float]:
    """max(V_s + V_e - V_c, V_s, V_e) and its Satterthwaite degrees of freedom."""
    item, evaluator = (pd.factorize(votes[name])[0].astype(np.int64) for name in ("item", "evaluator"))
    cell = pd.factorize(item * (evaluator.max() + 1) + evaluator)[0]
    parts = []
    for cluster in (item, evaluator, cell):
        sums = np.bincount(cluster, weights=influence_of)
        if exact is not None:
            sums = np.where(np.bincount(cluster, weights=exact) == 0, 0.0, sums)
        parts.append((len(sums), len(sums) / (len(sums) - 1) * float(np.sum(np.sort(np.abs(sums)) ** 2))))
    (s, by_speaker), (e, by_evaluator), _ = parts
    variance = max(by_speaker + by_evaluator - parts[2][1], by_speaker, by_evaluator)
    spread = sum(v**2 / (g - 1) for g, v in parts)
    df = min(s, e) - 1 if variance == 0 else float(np.clip(variance**2 / spread, min(s, e) - 1, s + e - 2))
    return variance, df


def wilson(share: float, n: float, z: float) -> tuple[float, float]:
    centre, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, (centre - half) / (1 + z**2 / n)), min(1.0, (centre + half) / (1 + z**2 / n))


def beta_interval(wins: int, n: int, *, lower: tuple, upper: tuple) -> list | None:
    """Quantiles of beta distributions: Clopper and Pearson's interval, and Jeffreys'."""
    if n == 0:
        return None
    low = 0.0 if wins == 0 else stats.beta.ppf(0.025, wins + lower[0], n - wins + lower[1])
    return [low, 1.0 if wins == n else stats.beta.ppf(0.975, wins + upper[0], n - wins + upper[1])]


def sign_flip(halves: pd.Series, clusters: pd.Series) -> float | None:
    """Of all ways to flip the clusters' signs, the share whose total is as far from 0 as the one observed."""
    chosen = halves != 1
    sums = (halves[chosen] - 1).groupby(clusters[chosen]).sum().to_numpy()
    if len(sums) == 0:
        return None
    ways = np.ones(1)
    for size in np.abs(sums).tolist():
        # Each cluster adds its size to the total, or takes it away, by a fair coin.
        ways = (np.pad(ways, (0, 2 * size)) + np.pad(ways, (2 * size, 0))) / 2
    totals = np.arange(len(ways)) - np.abs(sums).sum()
    return min(1.0, float(ways[np.abs(totals) >= abs(sums.sum())].sum()))


def alone_counted(votes: pd.DataFrame) -> dict:
    """What the counts say as if votes were independent, ties left out."""
    wins, decided = int((votes.halves == 2).sum()), int((votes.halves != 1).sum())
    return {
        "ties": len(votes) - decided,
        "wins": wins,
        "binomial_p": stats.binomtest(wins, decided).pvalue if decided else None,
        "clopper_pearson": beta_interval(wins, decided, lower=(0, 1), upper=(1, 0)),
        "jeffreys": beta_interval(wins, decided, lower=(0.5, 0.5), upper=(0.5, 0.5)),
        "wilson": list(wilson(wins / decided, decided, Z)) if decided else None,
    }


def side_bias(votes: pd.DataFrame) -> dict:
    left, right = (int((votes.chosen_side == side).sum()) for side in ("left", "right"))
    sided = pd.Series(np.select([votes.chosen_side == "left", votes.chosen_side == "right"], [2, 0], 1), votes.index)
    return {
        "left": left,
        "right": right,
        "left_share": left / (left + right) if left + right else None,
        "p": stats.binomtest(left, left + right).pvalue if left + right else None,
        "signflip_evaluator_p": sign_flip(sided, votes.evaluator),
    }


def without_large_parts(votes: pd.DataFrame) -> list:
    """The headline without one evaluator or speaker who has over a fifth of the votes."""
    lines = []
    for kind, column in (("evaluator", "evaluator"), ("speaker", "item")):
        many = votes[column].value_counts()
        for name in sorted(many.index[many > 0.2 * len(votes)]):
            rest = headline(votes[votes[column] != name])
            lines.append({"kind": kind, "name": name} | {of: rest[of] for of in ("votes", "share", "interval", "p")})
    return lines


def influence(votes: pd.DataFrame, column: str) -> dict | None:
    """Smallest and largest share and p when one is left out, and who moves the share most."""
    of_each = votes.halves.groupby(votes[column]).agg(["sum", "size"])
    if len(of_each) < 2:
        return None
    shares = (votes.halves.sum() - of_each["sum"]) / (2 * (len(votes) - of_each["size"]))
    shift = (shares - votes.halves.sum() / (2 * len(votes))).abs().round(12)
    largest_first = shift.sort_values(ascending=False, kind="stable").index
    tested = largest_first[:FEW_WITH_P] if len(of_each) > MOST_WITH_P else largest_first
    # Names as numbers: reading them again for everyone left out would take minutes.
    numbered = pd.DataFrame({name: pd.factorize(votes[name])[0] for name in ("item", "evaluator")}, votes.index)
    numbered["halves"] = votes.halves
    p = [headline(numbered[votes[column] != name])["p"] for name in tested]
    p = [value for value in p if value is not None]
    return {
        "left_out": len(of_each),
        "share": [shares.min(), shares.max()],
        "p": [min(p), max(p)] if p else None,
        "most": largest_first[0],
    }


def order_effect(votes: pd.DataFrame) -> dict:
    """Each evaluator's votes before the median of their own places, and those after it."""
    found = dict.fromkeys(("first_half_share", "second_half_share", "difference", "interval", "p"))
    half = np.sign(votes.place - votes.place.groupby(votes.evaluator).transform("median"))
    first, second = votes.halves[half < 0], votes.halves[half > 0]
    if not len(first) or not len(second):
        return found
    shares = first.sum() / (2 * len(first)), second.sum() / (2 * len(second))
    difference = shares[1] - shares[0]
    found |= {"first_half_share": shares[0], "second_half_share": shares[1], "difference": difference}
    used = votes[half != 0]
    if used.item.nunique() < FEWEST_SPEAKERS or used.evaluator.nunique() < 2:
        return found
    influence_of = pd.concat([(second / 2 - shares[1]) / len(second), (shares[0] - first / 2) / len(first)])[used.index]
    variance, df = two_way(influence_of, used)
    if variance < 1e-20:
        return found
    reach = stats.t.ppf(0.975, df) * np.sqrt(variance)
    interval = [max(-1.0, difference - reach), min(1.0, difference + reach)]
    return found | {"interval": interval, "p": 2 * stats.t.sf(abs(difference) / np.sqrt(variance), df)}


def equivalence(votes: pd.DataFrame, margin: float | None) -> dict | None:
    """Whether the 90 % interval lies inside one half plus and minus the margin."""
    if margin is None:
        return None
    interval = headline(votes, 0.90)["interval"]
    inside = None if interval is None else bool(0.5 - margin < interval[0] and interval[1] < 0.5 + margin)
    return {"margin": margin, "interval90": interval, "equivalent": inside}


def clarity(votes: pd.DataFrame) -> dict:
    """Votes at each of five points; their mean: 2 clearly the treatment, 0 a tie, -2 clearly the control."""
    known = votes[(votes.halves == 1) | (votes.strength > 0)]
    score = np.where(known.halves == 1, 0, (known.halves - 1) * known.strength)
    names = ("clearly_treatment", "slightly_treatment", "neither", "slightly_control", "clearly_control")
    points = {name: int((score == value).sum()) for name, value in zip(names, (2, 1, 0, -1, -2), strict=True)}
    n = len(known)
    found = {"points": points, "votes": n, "mean": score.sum() / n if n else None} | dict.fromkeys(
        ("interval", "p", "df")
    )
    if known.item.nunique() < FEWEST_SPEAKERS or known.evaluator.nunique() < 2:
        return found
    influence_of = pd.Series(n * score - score.sum(), known.index)
    variance, df = two_way(influence_of / (n * n), known, exact=influence_of)
    if variance == 0:
        return found
    reach = stats.t.ppf(0.975, df) * np.sqrt(variance)
    interval = [max(-2.0, found["mean"] - reach), min(2.0, found["mean"] + reach)]
    return found | {"interval": interval, "p": 2 * stats.t.sf(abs(found["mean"]) / np.sqrt(variance), df), "df": df}


def reasons(votes: pd.DataFrame, offered: list) -> list:
    """Of the votes for the treatment, for the control, and of the ties, how many ticked each reason."""
    ticked = {
        whose: [keys.split(";") for keys in votes.reasons[votes.halves == value]]
        for whose, value in (("treatment", 2), ("control", 0), ("ties", 1))
    }
    found = []
    for reason in offered:
        counts = {whose: sum(reason["key"] in keys for keys in its) for whose, its in ticked.items()}
        shares = {
            f"{whose}_share": counts[whose] / len(ticked[whose]) if ticked[whose] else None
            for whose in ("treatment", "control")
        }
        found.append({"key": reason["key"], "text": reason["text"]} | counts | shares)
    return found


def moments(pressed: pd.DataFrame, lengths: dict) -> list:
    """Presses by half seconds, the very end counting to the last one; seconds that each item plays are given."""
    found = []
    for item, its in pressed.groupby("item"):
        last = max(0, int(np.ceil(round(1000 * lengths[item]) / 500)) - 1)
        place = (1000 * its.decided_s.astype(float)).round().astype(int).floordiv(500).clip(upper=last)
        bins = [
            {"from_s": at / 2}
            | {whose: int((halves == n).sum()) for whose, n in (("treatment", 2), ("control", 0), ("ties", 1))}
            for at, halves in its.halves.groupby(place)
        ]
        found.append({"item": item, "length_s": lengths[item], "bins": bins})
    return found


def patterns(votes: pd.DataFrame) -> dict:
    """Items with so many votes for the treatment and so many for the control, and as many as independent votes give."""
    if not len(votes):
        return {}
    won, tied, lost = ((votes.halves == value).groupby(votes.item).sum() for value in (2, 1, 0))
    share = won.sum() / (won + lost).sum() if (won + lost).sum() else 0.5
    found = {}
    for n in sorted(set(won + lost)):
        of_n = won + lost == n
        for k in range(n + 1) if n <= 20 else ():
            alike = of_n & (won == k)
            found[f"{k}:{n - k}"] = {
                "observed": int(alike.sum()),
                "expected": of_n.sum() * comb(n, k) * share**k * (1 - share) ** (n - k),
                "with_ties": int((alike & (tied > 0)).sum()),
            }
    return found


def response_times(votes: pd.DataFrame) -> dict | None:
    """Median, quartiles, votes too fast, and evaluators whose median is over 3.5 robust deviations from the others'."""
    known = votes[np.isfinite(votes.rt_ms) & (votes.rt_ms >= 0)]
    if not len(known):
        return None
    each = known.rt_ms.groupby(known.evaluator).agg(["median", "size"])
    logs = np.log(each["median"].clip(lower=1.0))
    away = (logs - logs.median()).abs()
    scale = away.median() if len(each) >= 6 else 0.0
    far = each[away > 3.5 * 1.4826 * scale] if scale > 0 else each[:0]
    return {
        "votes": len(known),
        "median_ms": known.rt_ms.median(),
        "quartiles_ms": [known.rt_ms.quantile(0.25), known.rt_ms.quantile(0.75)],
        "fast": int((known.rt_ms < FAST_MS).sum()),
        "fast_ms": FAST_MS,
        "outliers": [
            {"evaluator": name, "median_ms": row["median"], "votes": int(row["size"])} for name, row in far.iterrows()
        ],
    }


def tallies(votes: pd.DataFrame, column: str, kind: str, *, most: int) -> list | None:
    """One row a speaker's clip, or an evaluator, by name; None where they are too many."""
    rows = [
        {kind: name, "votes": len(y), "wins": int((y == 2).sum()), "ties": int((y == 1).sum()),
         "share": y.sum() / (2 * len(y))}
        for name, y in votes.halves.groupby(votes[column])
    ]  # fmt: skip
    return None if len(rows) > most else rows


def holm(p: list) -> list:
    """Adjusted over those that have a p."""
    given = [value for value in p if value is not None]
    order = np.argsort(given, kind="stable")
    adjusted = np.maximum.accumulate([min(1.0, given[i] * (len(given) - rank)) for rank, i in enumerate(order)])
    return placed(p, order, adjusted)


def benjamini_hochberg(p: list) -> list:
    given = [value for value in p if value is not None]
    order = np.argsort(given, kind="stable")[::-1]
    of_rank = [min(1.0, given[i] * len(given) / (len(given) - rank)) for rank, i in enumerate(order)]
    return placed(p, order, np.minimum.accumulate(of_rank))


def placed(p: list, order: np.ndarray, adjusted: np.ndarray) -> list:
    """Adjusted p, given in another order, where each p stands; None stays None."""
    values = iter(np.asarray(adjusted, dtype=float)[np.argsort(order)].tolist())
    return [None if value is None else next(values) for value in p]


def agreement(votes: pd.DataFrame) -> dict:
    """Pairs of votes on one item of one contrast that agree; Krippendorff's alpha, nominal; Gwet's AC1."""
    units = pd.crosstab([votes.treatment, votes.control, votes.item], votes.halves).to_numpy().astype(float)
    categories = 3 if (votes.halves == 1).any() else 2
    rated = units.sum(axis=1)
    several, n = units[rated >= 2], rated[rated >= 2]
    if not len(several):
        return {"percent": None, "alpha": None, "ac1": None, "units": 0}
    same = (several * (several - 1)).sum(axis=1)
    observed = ((n * (n - 1) - same) / (n - 1)).sum() / n.sum()
    totals = several.sum(axis=0)
    by_chance = (n.sum() ** 2 - (totals**2).sum()) / (n.sum() * (n.sum() - 1))
    mean = (units / rated[:, None]).mean(axis=0)
    chance = (mean * (1 - mean)).sum() / (categories - 1)
    return {
        "percent": 100 * same.sum() / (n * (n - 1)).sum(),
        "alpha": 1 - observed / by_chance if by_chance else None,
        "ac1": ((same / (n * (n - 1))).mean() - chance) / (1 - chance),
        "units": len(several),
    }
