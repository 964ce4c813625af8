from dataclasses import replace

import pytest

from analysis.methods_text import day, methods_paragraph
from analysis.report_parts import DeviationFact, PlanFacts
from analysis.votes import ContrastName

from .reporting import MADE_AT, made_up_report

PLAN = PlanFacts(
    sha256="ab12", frozen_at=MADE_AT, equivalence_margin=0.1, exclusion_rules=("failed_catch", "coverage under 0.9"),
    deviations=(DeviationFact("A server was away.", "ada", MADE_AT),),
)  # fmt: skip
GROUPS = (ContrastName("a", "b"), ContrastName("b", "c"), ContrastName("a", "c", planned=False))


@pytest.fixture(scope="module")
def report():
    return made_up_report(plan=PLAN, contrasts=GROUPS, set_aside=3)


def test_the_paragraph_names_what_was_asked_counted_planned_and_by_which_code(report):
    text = methods_paragraph(report)

    for part in (
        "answered the question “Which listener reacts better?”.",
        "The analysis counts 141 votes of 8 evaluators on 12 speakers’ clips in 3 comparison groups (planned: a over",
        "a over b, b over c; exploratory: a over c).",
        "The p of the 2 planned comparison groups were adjusted by Holm’s method, those of exploratory ones by the ",
        "lies between 40 and 60 % (two one-sided tests), the margin stated in the plan.",
        "3 answers were set aside. The plan’s rules were, in this order: failed_catch; coverage under 0.9.",
        "Comparison groups, exclusion rules and target were frozen before the launch on 2 March 2026 (SHA-256 ab12);",
        "(SHA-256 ab12); 1 deviation recorded.",
        "Computed on 2 March 2026 with RealTalk Studies 0.1.0 (numpy ",
    ):
        assert part in text
    assert "\n" not in text


def test_what_there_is_not_is_not_told():
    text = methods_paragraph(made_up_report(contrasts=(ContrastName("a", "b"),)))

    for part in ("Holm", "Bradley", "frozen", "set aside", "equivalent", "a tie", "None"):
        assert part not in text
    assert "in 1 comparison group (planned: a over b)." in text


@pytest.mark.parametrize(
    ("plan", "frozen"),
    [
        (PlanFacts(sha256="ab"), "Comparison groups and target were frozen"),
        (PlanFacts(sha256="ab", changed_at={"votes_per_comparison": MADE_AT}), "Comparison groups were frozen"),
        (
            PlanFacts(sha256="ab", hypotheses="a wins.", exclusion_rules=("too_fast",)),
            "Hypotheses, comparison groups, exclusion rules and target were frozen",
        ),
        (
            PlanFacts(sha256="ab", exclusion_rules=("too_fast",), changed_at={"exclusion_rules": MADE_AT}),
            "Comparison groups and target were frozen",
        ),
    ],
)
def test_only_what_the_plan_had_at_launch_is_said_to_be_frozen(plan, frozen):
    assert f" {frozen} before the launch (SHA-256 ab)" in methods_paragraph(made_up_report(plan=plan))


def test_what_was_changed_after_launch_is_said_to_be():
    at = {"equivalence_margin": MADE_AT, "exclusion_rules": MADE_AT}
    text = methods_paragraph(made_up_report(plan=replace(PLAN, changed_at=at)))

    assert "the margin changed after launch on 2 March 2026 (deviation)." in text
    assert "in this order, changed after launch on 2 March 2026 (deviation): failed_catch;" in text
    assert "stated in the plan" not in text


def test_ties_and_a_rehearsal_are_said():
    report = replace(made_up_report(ties=0.5), rehearsal=True)

    assert "In a rehearsal, simulated evaluators" in methods_paragraph(report)
    assert "a tie counting one half," in methods_paragraph(report)


def test_a_report_without_votes_date_or_question_has_a_paragraph():
    report = replace(made_up_report(contrasts=(), speakers=0), generated_at=None, question_text="")

    assert "Computed with RealTalk Studies" in methods_paragraph(report)


def test_days_are_in_utc_and_without_a_leading_zero():
    assert day(MADE_AT) == "2 March 2026"
