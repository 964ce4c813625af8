import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bradley_terry import bradley_terry
from analysis.multiplicity import holm

from .columns import votes_of
from .known_answers import CASES

THREE = [("a", "b"), ("b", "c"), ("a", "c")]


def random_study(seed, *, conditions=4, speakers=14, evaluators=5, ties=0.1):
    """Every evaluator votes on every speaker and pair once in two, by abilities 0, 1/2, 1, ..."""
    rng = np.random.default_rng(seed)
    contrasts = list(combinations([f"m{i}" for i in range(conditions)], 2))
    rows = []
    for number, (one, other) in enumerate(contrasts):
        share = 1 / (1 + math.exp((int(one[1:]) - int(other[1:])) / -2))
        for item in range(speakers):
            for evaluator in range(evaluators):
                if rng.random() < 0.5:
                    halves = 1 if rng.random() < ties else 2 * int(rng.random() < share)
                    rows.append((number, halves, f"s{item}", f"e{evaluator}"))
    return contrasts, rows


def by_brute_force(votes, result):
    """Variance and df of each difference from one influence value a vote, in plain loops over clusters."""
    names = list(result.abilities)
    theta = np.array([result.abilities[name] for name in names])
    k, nu = len(names), None if result.log_nu is None else math.exp(result.log_nu)
    information, scores = np.zeros((k + 1, k + 1)), []
    for contrast, halves in zip(votes.contrast, votes.halves, strict=True):
        i, j = (names.index(name) for name in votes.contrasts[contrast][:2])
        x = np.zeros(k + 1)
        x[i], x[j] = 0.5, -0.5
        features = [-x, np.eye(k + 1)[k], x]
        d = theta[i] - theta[j]
        weights = np.array([math.exp(-d / 2), nu or 0.0, math.exp(d / 2)])
        shares = weights / weights.sum()
        mean = sum(s * f for s, f in zip(shares, features, strict=True))
        information += sum(s * np.outer(f - mean, f - mean) for s, f in zip(shares, features, strict=True))
        scores.append(features[halves] - mean)
    influence = (np.linalg.pinv(information, rcond=1e-10) @ np.array(scores).T).T[:, :k]
    lines = []
    for line in result.differences:
        u = influence[:, names.index(line.a)] - influence[:, names.index(line.b)]
        v, g = [], []
        cells = list(zip(votes.items.codes, votes.evaluators.codes, strict=True))
        for labels in (votes.items.codes.tolist(), votes.evaluators.codes.tolist(), cells):
            sums = {}
            for label, value in zip(labels, u, strict=True):
                sums[label] = sums.get(label, 0.0) + value
            g.append(len(sums))
            v.append(len(sums) / (len(sums) - 1) * sum(s * s for s in sums.values()))
        variance = max(v[0] + v[1] - v[2], v[0], v[1])
        df = variance**2 / sum(a * a / (b - 1) for a, b in zip(v, g, strict=True))
        lines.append((math.sqrt(variance), min(max(df, min(g[:2]) - 1), g[0] + g[1] - 2)))
    return lines


def as_numbers(result):
    return {(line.a, line.b): line for line in result.differences}


@pytest.mark.parametrize("ties", [0, 0.2])
def test_differences_follow_the_two_way_rule_computed_vote_by_vote(ties):
    contrasts, rows = random_study(1, ties=ties)
    votes = votes_of(contrasts, rows)

    result = bradley_terry(votes)

    assert (result.estimable, result.note) == (True, None)
    assert (result.log_nu is None) == (ties == 0)
    for line, (se, df) in zip(result.differences, by_brute_force(votes, result), strict=True):
        assert (line.se, line.df) == (pytest.approx(se, rel=1e-6), pytest.approx(df, rel=1e-6))
        assert line.difference == pytest.approx(result.abilities[line.a] - result.abilities[line.b])
        assert line.interval[0] < line.difference < line.interval[1]
    assert [line.holm_p for line in result.differences] == holm([line.p for line in result.differences])


@pytest.mark.parametrize("others", [[], [("c", "d")]])
def test_speakers_and_evaluators_who_only_tie_are_clusters_as_any_other(others):
    """Between equals a tie moves nothing, and still is an answer that a win would have moved."""
    rows = [(0, 2 * (s % 2), s, e) for s in range(12) for e in range(4)]
    rows += [(0, 1, s, e) for s in range(12, 20) for e in range(4, 7)]
    rows += [(1, 2 * int(s % 3 > 0), s, e) for s in range(30, 60) for e in range(8, 12) for _ in others]
    contrasts = [("a", "b"), *(("b", "c") for _ in others)]
    votes = votes_of(contrasts, rows)

    result = bradley_terry(votes)

    line = as_numbers(result)["a", "b"]
    ((se, df), *_) = by_brute_force(votes_of(contrasts, [row for row in rows if row[0] == 0]), result)
    assert (line.difference, line.se, line.df) == (0.0, pytest.approx(se, rel=1e-6), pytest.approx(df, rel=1e-6))


def test_schools_with_ties_have_rs_abilities():
    case = CASES["davidson_cems"]
    contrasts, rows = [], []
    for a, b, won, lost, tied in case["inputs"]["rows_a_b_winA_winB_tie"]:
        halves = [2] * won + [0] * lost + [1] * tied
        rows += [(len(contrasts), h, f"s{n % 20}", f"e{n % 7}") for n, h in enumerate(halves)]
        contrasts.append((a, b))

    result = bradley_terry(votes_of(contrasts, rows))

    ability = np.array([result.abilities[name] for name in case["inputs"]["items"]])
    assert ability - ability[5] == pytest.approx(case["expected"]["ability"], abs=case["tol"])
    assert list(result.abilities) == sorted(case["inputs"]["items"])
    assert sum(result.abilities.values()) == pytest.approx(0)
    assert result.ranks["London"] == 1


def test_ranks_count_those_that_are_better_under_holm():
    contrasts, rows = random_study(2, conditions=3, speakers=40, evaluators=20)

    result = bradley_terry(votes_of(contrasts, rows))

    assert all(line.holm_p < 0.05 for line in result.differences)
    assert result.ranks == {"m0": 3, "m1": 2, "m2": 1}
    assert result.abilities["m0"] < result.abilities["m1"] < result.abilities["m2"]


def test_null_studies_find_a_difference_in_five_percent():
    """150 studies, three conditions without any difference, speaker and evaluator effects on each pair."""
    rng = np.random.default_rng(8)
    speaker, evaluator = (grid.ravel() for grid in np.meshgrid(np.arange(30), np.arange(12)))
    pair = (speaker + evaluator) % 3
    base = votes_of(THREE, list(zip(pair, [2] * 360, speaker, evaluator, strict=True)))
    found = []
    for _ in range(150):
        logit = rng.normal(0, 1, (30, 3))[speaker, pair] + rng.normal(0, 0.5, (12, 3))[evaluator, pair]
        base.halves[:] = 2 * (rng.random(360) < 1 / (1 + np.exp(-logit)))
        found += [line.p < 0.05 for line in bradley_terry(base).differences]

    assert 0.015 <= np.mean(found) <= 0.08


def test_each_arm_of_a_star_is_judged_by_its_own_speakers():
    rng = np.random.default_rng(3)
    arms = [(0, 2 * int(rng.random() < 0.7), s, e) for s in range(12) for e in range(4)]
    others = [(1, 2 * int(rng.random() < 0.4), 100 + s, 50 + e) for s in range(40) for e in range(9)]

    both = bradley_terry(votes_of([("a", "c"), ("b", "c")], arms + others))
    alone = bradley_terry(votes_of([("a", "c")], arms))

    one, other = as_numbers(both)["a", "c"], as_numbers(alone)["a", "c"]
    assert (one.difference, one.se, one.df) == pytest.approx((other.difference, other.se, other.df))


def test_two_conditions_are_the_log_odds_of_the_share():
    rows = [(0, 2 * int((s + e) % 3 > 0), s, e) for s in range(12) for e in range(4)]

    result = bradley_terry(votes_of([("treatment", "control")], rows))

    assert result.differences[0].difference == pytest.approx(-math.log(2))
    assert (result.differences[0].a, result.differences[0].b) == ("control", "treatment")
    assert result.abilities["treatment"] == pytest.approx(math.log(2) / 2)
    assert result.differences[0].holm_p == result.differences[0].p


def test_what_never_lost_and_never_won_is_named():
    rows = [(0, 2, 1, 1), (1, 2, 1, 1), (1, 0, 2, 1), (2, 2, 2, 2)]

    result = bradley_terry(votes_of(THREE, rows))

    assert not result.estimable
    assert (result.abilities, result.differences, result.ranks) == ({}, (), {})
    assert "a never lost to any other; b, c never won against any other" in result.note


def test_groups_that_no_votes_connect_are_named():
    rows = [(0, 2, 1, 1), (0, 0, 1, 1), (1, 2, 1, 1), (1, 0, 1, 1)]

    result = bradley_terry(votes_of([("a", "b"), ("c", "d")], rows))

    assert not result.estimable
    assert "a, b; c, d" in result.note


def test_ties_connect_both_ways():
    rows = [(0, 2, 1, 1), (0, 1, 1, 2)]

    result = bradley_terry(votes_of([("a", "b")], rows))

    assert result.estimable
    assert result.abilities["a"] == pytest.approx(math.log(3) / 2)
    assert "a tie counts one half" in result.note


def test_only_ties_are_equal_and_have_no_spread():
    rows = [(0, 1, s, e) for s in range(12) for e in range(3)]

    result = bradley_terry(votes_of([("a", "b")], rows))

    line = result.differences[0]
    assert (line.difference, line.se, line.p, line.interval) == (0.0, 0.0, 1.0, None)
    assert result.ranks == {"a": 1, "b": 1}


def test_a_contrast_without_votes_keeps_nobody_from_the_scale():
    rows = [(0, 2 * (s % 2), s, e) for s in range(12) for e in range(3)]

    result = bradley_terry(votes_of(THREE, rows))

    assert list(result.abilities) == ["a", "b"]


def test_majorities_that_go_round_in_a_circle_are_shown():
    rows = [(0, 2, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1)]

    result = bradley_terry(votes_of(THREE, rows))

    assert result.intransitive == (("a", "b", "c"),)
    assert result.estimable


@pytest.mark.parametrize(
    ("rows", "with_ids", "word"),
    [
        ([(0, 2, s, e) for s in range(9) for e in range(3)] + [(0, 0, 0, 0)], True, "Under 10 speakers"),
        ([(0, 2 * (s % 2), s, 0) for s in range(12)], True, "2 evaluators"),
        ([(0, 2 * (s % 2), s, 0) for s in range(12)], False, "no speaker or evaluator ids"),
    ],
)
def test_too_few_give_abilities_without_p_and_ranks(rows, with_ids, word):
    result = bradley_terry(votes_of([("a", "b")], rows, with_ids=with_ids))

    line = result.differences[0]
    assert result.estimable
    assert (line.se, line.df, line.p, line.holm_p, line.interval) == (None,) * 5
    assert result.ranks == {}
    assert word in result.note


@pytest.mark.parametrize("contrasts", [[], [("a", "b")], THREE])
def test_no_votes_are_no_scale(contrasts):
    result = bradley_terry(votes_of(contrasts, []))

    assert (result.estimable, result.note, result.differences) == (False, "No votes yet.", ())


def test_over_a_hundred_conditions_are_not_put_on_one_scale():
    contrasts = [(f"m{i}", f"m{i + 1}") for i in range(120)]

    result = bradley_terry(votes_of(contrasts, [(i, 1, 1, 1) for i in range(120)]))

    assert (result.estimable, result.note) == (False, "Over 100 conditions are not put on one scale.")


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(0, 2**32), st.booleans())
def test_the_order_of_rows_and_the_names_of_people_change_not_one_bit(seed, ties):
    contrasts, rows = random_study(seed, conditions=3, speakers=11, evaluators=3, ties=0.2 * ties)
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    renamed = [(c, h, f"clip {99 - int(s[1:])}", f"person {7 * int(e[1:]) % 5}") for c, h, s, e in shuffled]

    assert bradley_terry(votes_of(contrasts, renamed)) == bradley_terry(votes_of(contrasts, rows))


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(0, 2**32), st.permutations([0, 1, 2, 3]))
def test_conditions_by_other_names_and_contrasts_turned_round_are_the_same(seed, names):
    contrasts, rows = random_study(seed, speakers=11, evaluators=3, ties=0.1)
    result = bradley_terry(votes_of(contrasts, rows))
    turned = [(f"m{names[int(b[1:])]}", f"m{names[int(a[1:])]}") for a, b in contrasts]

    other = bradley_terry(votes_of(turned, [(c, 2 - h, s, e) for c, h, s, e in rows]))

    assert other.estimable == result.estimable
    for name, ability in result.abilities.items():
        assert other.abilities[f"m{names[int(name[1:])]}"] == pytest.approx(ability, abs=1e-9)
    lines = as_numbers(other) | {(b, a): line for (a, b), line in as_numbers(other).items()}
    for line in result.differences:
        same = lines[f"m{names[int(line.a[1:])]}", f"m{names[int(line.b[1:])]}"]
        assert (same.se, same.df, same.p) == pytest.approx((line.se, line.df, line.p), rel=1e-6)


def test_one_pair_in_two_contrasts_is_one_pair():
    rows = [(n % 2, 2 * int(s % 3 > 0), s, e) for n, (s, e) in enumerate((s, e) for s in range(12) for e in range(4))]
    turned = [(c, 2 - h if c else h, s, e) for c, h, s, e in rows]

    both = bradley_terry(votes_of([("a", "b"), ("b", "a")], turned))

    assert both == bradley_terry(votes_of([("a", "b")], [(0, h, s, e) for _, h, s, e in rows]))


def test_a_contrast_that_nobody_saw_changes_nothing():
    contrasts, rows = random_study(5)

    assert bradley_terry(votes_of([*contrasts, ("m0", "never shown")], rows)) == bradley_terry(
        votes_of(contrasts, rows)
    )
