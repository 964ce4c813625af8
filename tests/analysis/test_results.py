"""One report from votes: what changes nothing changes nothing, and there is an answer to every set of votes."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import contrast_sections
from analysis.mixed_logit import mixed_logit
from analysis.preference import preference
from analysis.report_json import report_as_dict, report_as_json
from analysis.report_parts import About, DeviationFact, Fill, PlanFacts
from analysis.report_text import report_as_text
from analysis.results import compute_report, excluded_by_rule, with_mixed_logit
from analysis.votes import ContrastName, Labels, Votes

PLAN = PlanFacts(equivalence_margin=0.1, exclusion_rules=("failed_catch", "too_fast"))
NAMES = {"most", "speaker", "evaluator", "name"}


def make_votes(rows, *, contrasts=("a:b",), planned=None, ids=True):
    """rows: (contrast, halves, item, evaluator, side, position, rt_ms, reason)"""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    contrast, halves, items, evaluators, side, position, rt_ms, reasons = columns
    planned = planned or [True] * len(contrasts)
    return Votes(
        contrasts=tuple(ContrastName(*c.split(":"), flag) for c, flag in zip(contrasts, planned, strict=True)),
        contrast=np.array(contrast, dtype=np.int32),
        halves=np.array(halves, dtype=np.int8),
        items=Labels.of(f"i{x:02}" for x in items) if ids else None,
        evaluators=Labels.of(f"e{x:02}" for x in evaluators) if ids else None,
        people=Labels.of(f"p{x:02}" for x in items) if ids else None,
        side=np.array(side, dtype=np.int8),
        position=np.array(position, dtype=float),
        rt_ms=np.array(rt_ms, dtype=float),
        counted=np.array([reason == "" for reason in reasons], dtype=bool),
        reason=Labels.of(reasons),
    )


def crossed(votes_of, *, items=12, evaluators=6, reason=lambda item, evaluator: "", contrasts=1):
    """Every evaluator on every item of every contrast; votes_of(contrast, item, evaluator) in halves."""
    return [
        (c, votes_of(c, i, e), i, e, (i + e) % 2, i, 1000 + 10 * e, reason(i, e))
        for c in range(contrasts)
        for i in range(items)
        for e in range(evaluators)
    ]


@st.composite
def studies(draw):
    """Up to 300 votes of 3 contrasts over the same three methods, 13 items and 7 evaluators; some set aside."""
    n, rng = draw(st.integers(0, 300)), np.random.default_rng(draw(st.integers(0, 2**32)))
    halves = rng.choice([0, 1, 2], p=rng.dirichlet((1, 0.3, 1)), size=n)
    columns = (
        rng.integers(0, 3, n), halves, rng.integers(0, 13, n), rng.integers(0, 7, n), rng.integers(-1, 3, n),
        rng.choice([0.0, 1.0, 2.0, 3.0, np.nan], n), rng.choice([250.0, 900.0, 4000.0, np.nan], n),
        rng.choice(["", "", "", "late", "too_fast"], n),
    )  # fmt: skip
    planned = draw(st.tuples(*[st.booleans()] * 3))
    return make_votes(list(zip(*columns, strict=True)), contrasts=("a:b", "b:c", "a:c"), planned=planned)


def report_of(votes, **settings):
    return compute_report(votes, plan=settings.pop("plan", PLAN), about=About(study="s", **settings))


def without_names(value):
    """The JSON without names of speakers and evaluators, rows for each of them in the order of their numbers."""
    if isinstance(value, dict):
        named = [key for key, part in value.items() if key in NAMES and isinstance(part, str)]
        kept = {key: without_names(part) for key, part in value.items() if key not in named}
        for key in ("per_speaker", "per_evaluator", "without", "outliers"):
            if kept.get(key):
                kept[key] = sorted(kept[key], key=str)
        return kept
    return [without_names(part) for part in value] if isinstance(value, list | tuple) else value


@settings(deadline=None, derandomize=True, max_examples=25)
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_votes_and_the_names_of_ids_change_not_one_bit(votes, random):
    rows = list(range(len(votes)))
    random.shuffle(rows)
    moved = votes.select(np.array(rows, dtype=int))

    def renamed(labels, letter):
        names = [f"{letter}{number}" for number in range(len(labels.names))]
        random.shuffle(names)
        return Labels(tuple(names), labels.codes)

    renamed_votes = replace(
        moved,
        items=renamed(moved.items, "x"),
        evaluators=renamed(moved.evaluators, "y"),
        people=renamed(moved.people, "z"),
    )

    assert report_as_json(report_of(moved)) == report_as_json(report_of(votes))
    one, other = (without_names(report_as_dict(report_of(each))) for each in (votes, renamed_votes))
    assert json.dumps(other) == json.dumps(one)


def near(value):
    """Equal but for rounding, None being None."""
    return value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def mirrored(interval):
    return None if interval is None else near((1 - interval[1], 1 - interval[0]))


@settings(deadline=None, derandomize=True, max_examples=25)
@given(studies())
def test_swapping_treatment_and_control_mirrors_every_share_and_keeps_every_p(votes):
    swapped = replace(
        votes,
        contrasts=tuple(ContrastName(c.control, c.treatment, c.planned) for c in votes.contrasts),
        halves=(2 - votes.halves).astype(np.int8),
    )

    one, other = (report_as_dict(report_of(each))["contrasts"] for each in (votes, swapped))

    for before, after in zip(one, other, strict=True):
        for same in ("p", "holm_p", "bh_p", "signflip_speaker_p", "signflip_evaluator_p", "binomial_p", "df"):
            assert after[same] == near(before[same]), same
        assert after["share"] == (None if before["share"] is None else near(1 - before["share"]))
        for interval in ("interval", "wilson", "jeffreys", "clopper_pearson"):
            assert after[interval] == mirrored(before[interval]), interval
        assert after["side"] == before["side"]
        assert after["order"]["p"] == near(before["order"]["p"])
        assert after["equivalence"]["interval90"] == mirrored(before["equivalence"]["interval90"])
        for who in ("evaluator", "speaker"):
            found, mirror = before["influence"][who], after["influence"][who]
            assert (found is None) == (mirror is None)
            if found:
                assert mirror["p"] == near(found["p"])
                assert mirror["share"] == mirrored(found["share"])
                assert mirror["most"] == found["most"]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(studies(), st.booleans())
def test_every_set_of_votes_has_a_report_that_is_json_and_text(votes, ids):
    if not ids:
        votes = replace(votes, items=None, evaluators=None, people=None)

    report = report_of(votes)

    assert json.loads(report_as_json(report))["contrasts"][0]["votes"] == report.contrasts[0].summary.votes
    assert "nan" not in report_as_text(report)


EDGES = {
    "no votes": [],
    "one vote": [(0, 2, 0, 0, 0, 0, 900, "")],
    "one vote, set aside": [(0, 2, 0, 0, 0, 0, 900, "late")],
    "unanimity": crossed(lambda c, i, e: 2),
    "ties only": crossed(lambda c, i, e: 1),
    "one evaluator": crossed(lambda c, i, e: 2 * (i % 2), evaluators=1),
    "one speaker": crossed(lambda c, i, e: 2 * (e % 2), items=1),
    "one vote each": [(0, 2 * (i % 2), i, i, 0, 0, 900, "") for i in range(12)],
}


@pytest.mark.parametrize("rows", EDGES.values(), ids=EDGES)
@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_edges_have_a_defined_answer(rows, ids):
    votes = make_votes(rows, contrasts=("a:b", "a:c"), ids=ids)

    report = report_of(votes)

    (contrast, empty) = json.loads(report_as_json(report))["contrasts"]
    counted = [row for row in rows if row[-1] == ""]
    assert contrast["votes"] == len(counted)
    assert contrast["all_votes"]["votes"] == len(rows)
    assert (contrast["interval"] is None) == (contrast["note"] is not None)
    assert (empty["votes"], empty["share"], empty["note"] is not None) == (0, None, True)


@pytest.mark.parametrize("missing", ["items", "evaluators", "people", "reason"])
def test_one_kind_of_ids_may_be_missing(missing):
    votes = replace(make_votes(crossed(lambda c, i, e: (i * e) % 3)), **{missing: None})

    (contrast,) = json.loads(report_as_json(report_of(votes)))["contrasts"]

    assert (contrast["interval"] is None) == (missing in ("items", "evaluators"))
    assert (contrast["per_speaker"] is None) == (missing == "items")
    assert (contrast["signflip_evaluator_p"] is None) == (missing == "evaluators")
    assert (contrast["speakers"], contrast["evaluators"]) == (12 * (missing != "items"), 6 * (missing != "evaluators"))


def test_holm_is_over_planned_and_bh_over_exploratory_comparisons_that_have_a_p():
    rows = crossed(lambda c, i, e: 2 * ((i * 7 + e * 3 + c) % (3 + c) > 0), contrasts=4)
    votes = make_votes(
        rows, contrasts=("a:b", "a:c", "a:d", "a:e", "a:f"), planned=[True, True, False, False, True]
    )

    a, b, c, d, empty = report_of(votes).contrasts

    low, high = sorted((a, b), key=lambda contrast: contrast.summary.p)
    assert low.holm_p == pytest.approx(min(1, 2 * low.summary.p))
    assert high.holm_p == pytest.approx(max(low.holm_p, high.summary.p))
    assert (a.bh_p, b.bh_p, c.holm_p, d.holm_p, empty.holm_p) == (None,) * 5
    assert max(c.bh_p, d.bh_p) == pytest.approx(max(c.summary.p, d.summary.p))
    assert "over 2 planned comparisons)." in a.sentences[0]
    assert ", exploratory, Benjamini-Hochberg " in c.sentences[0]
    assert "over 2 exploratory comparisons)." in c.sentences[0]


def test_a_planned_comparison_alone_is_not_adjusted_in_words():
    votes = make_votes(crossed(lambda c, i, e: 2 * ((i + e) % 3 > 0)))

    (contrast,) = report_of(votes).contrasts

    assert contrast.holm_p == contrast.summary.p
    assert "Holm" not in contrast.sentences[0]


def test_what_is_set_aside_counts_only_with_nothing_excluded():
    votes = make_votes(
        crossed(lambda c, i, e: 2 if e else 2 * (i % 2), reason=lambda i, e: "" if e else "too_fast")
    )

    (contrast,) = report_of(votes).contrasts

    assert (contrast.summary.votes, contrast.summary.share) == (60, 1.0)
    every = preference(votes.halves / 2, speakers=votes.items.codes, evaluators=votes.evaluators.codes)
    assert (contrast.all_votes.votes, contrast.all_votes.wins) == (72, 66)
    assert (contrast.all_votes.share, contrast.all_votes.interval, contrast.all_votes.p) == (
        every.share, every.interval, every.p,
    )  # fmt: skip


def test_exclusions_are_counted_by_first_rule_the_systems_own_words_first_then_the_plans_order():
    reasons = ["too_fast", "too_fast", "failed_catch", "by hand", "surplus", "late", ""]
    votes = make_votes([(0, 2, n, n // 2, 0, n, 900, reason) for n, reason in enumerate(reasons)])

    found = [tuple(row) for row in excluded_by_rule(votes, rules=("too_fast", "failed_catch"))]

    assert found == [("late", 1, 1), ("surplus", 1, 1), ("too_fast", 2, 1), ("failed_catch", 1, 1), ("by hand", 1, 1)]


def test_rows_for_each_speaker_and_evaluator_add_up():
    votes = make_votes(crossed(lambda c, i, e: (i + e) % 3))

    (contrast,) = report_of(votes).contrasts

    for rows in (contrast.per_speaker, contrast.per_evaluator):
        assert sum(row.votes for row in rows) == 72
        assert sum(row.wins for row in rows) == contrast.summary.wins
        assert sum(row.ties for row in rows) == contrast.summary.ties
    assert [row.name for row in contrast.per_evaluator] == [f"e{e:02}" for e in range(6)]


def test_too_many_rows_are_left_out_with_a_note(monkeypatch):
    monkeypatch.setattr(contrast_sections, "MOST_ROWS", 11)
    votes = make_votes(crossed(lambda c, i, e: (i + e) % 3))

    (contrast,) = report_of(votes).contrasts

    assert contrast.per_speaker is None
    assert len(contrast.per_evaluator) == 6
    assert contrast.notes == ("12 speakers are too many for a row each: see the votes.",)


def test_intervals_as_if_votes_were_independent_leave_ties_out():
    votes = make_votes(crossed(lambda c, i, e: 1 if e == 0 else 2 * (e < 4)))

    (contrast,) = report_of(votes).contrasts

    assert (contrast.summary.wins, contrast.summary.ties) == (36, 12)
    for low, high in (contrast.wilson, contrast.jeffreys, contrast.summary.clopper_pearson):
        assert low < 36 / 60 < high


def test_the_json_holds_the_plan_and_what_departed_from_it():
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    plan = PlanFacts(
        sha256="ab", frozen_at=at, primary="a:b", equivalence_margin=0.05, stopping_rule="fixed",
        hypotheses="a is preferred.", exclusion_rules=("failed_catch",),
        changed_at={"exclusion_rules": at}, deviations=(DeviationFact("One more rule.", "ann", at),),
    )  # fmt: skip
    votes = make_votes(crossed(lambda c, i, e: 2 * ((i + e) % 2)))

    report = report_of(votes, plan=plan, generated_at=at, fill={("a", "b"): Fill(100, 72, 3)})

    found = json.loads(report_as_json(report))
    assert found["generated_at"] == "2026-03-01T09:00:00Z"
    assert found["plan"] == {
        "sha256": "ab", "frozen_at": "2026-03-01T09:00:00Z", "primary": "a:b", "equivalence_margin": 0.05,
        "stopping_rule": "fixed", "adaptive_share": 0.0, "hypotheses": "a is preferred.",
        "exclusion_rules": ["failed_catch"],
        "changed_at": {"exclusion_rules": "2026-03-01T09:00:00Z"},
        "deviations": [{"what": "One more rule.", "by": "ann", "at": "2026-03-01T09:00:00Z"}],
    }  # fmt: skip
    (contrast,) = found["contrasts"]
    assert [contrast[name] for name in ("target", "valid", "live", "short_by")] == [100, 72, 3, 28]
    assert "Deviation from the plan, 2026-03-01 by ann: One more rule." in report_as_text(report)


def test_numbers_of_a_file_that_only_a_study_has_are_none():
    found = report_as_dict(report_of(make_votes(crossed(lambda c, i, e: 2))))

    (contrast,) = found["contrasts"]
    assert [contrast[name] for name in ("target", "valid", "live", "short_by")] == [None] * 4
    assert (found["generated_at"], found["sessions_needed"], found["flow"]) == (None, None, None)


def test_a_plan_that_may_stop_early_says_what_that_does_to_the_interval():
    votes = make_votes(crossed(lambda c, i, e: 2 * ((i + e) % 3 > 0)))

    fixed, early = (
        report_of(votes, plan=PlanFacts(stopping_rule=rule)).contrasts[0].notes for rule in ("fixed", "looks:15,30")
    )

    assert fixed == ()
    assert early[0].startswith("The plan lets this study stop early")


def test_a_mixed_logit_is_there_when_asked_for():
    votes = make_votes(
        crossed(lambda c, i, e: 2 * ((i * i + e) % 3 > 0), reason=lambda i, e: "" if e else "too_fast"),
        contrasts=("a:b", "a:c"),
    )
    plain = report_of(votes)

    fitted, empty = with_mixed_logit(plain, votes).contrasts

    assert plain.contrasts[0].mixed_logit is None
    assert fitted.mixed_logit == mixed_logit(*(
        column[votes.counted] for column in (votes.halves, votes.items.codes, votes.evaluators.codes)
    ))  # fmt: skip
    assert fitted.mixed_logit.interval[0] < fitted.mixed_logit.share < fitted.mixed_logit.interval[1]
    assert empty.mixed_logit.share is None


def test_the_seed_moves_only_the_bootstraps_interval():
    votes = make_votes(crossed(lambda c, i, e: 2 * ((i * i + e) % 3 > 0)))
    one, other = (compute_report(votes, plan=PLAN, about=About(), seed=seed) for seed in (1, 2))

    assert asdict(one.agreement) | {"alpha_interval": None} == asdict(other.agreement) | {"alpha_interval": None}
    assert replace(one, agreement=None) == replace(other, agreement=None)
