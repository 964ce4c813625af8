"""What a terminal shows of a report, line by line."""

import numpy as np

from analysis.report_parts import About, PlanFacts
from analysis.report_text import report_as_text
from analysis.results import compute_report
from analysis.votes import ContrastName, Labels, Votes


def report(*contrasts, chosen, aside=0, planned=True):
    """12 speakers x 6 evaluators on each contrast; `chosen(contrast, speaker, evaluator)` in halves."""
    cells = [(c, s, e) for c in range(len(contrasts)) for s in range(12) for e in range(6)]
    contrast, speaker, evaluator = (np.array(column, dtype=np.int32) for column in zip(*cells, strict=True))
    n = len(cells)
    votes = Votes(
        contrasts=tuple(ContrastName(*c.split(":"), planned) for c in contrasts),
        contrast=contrast,
        halves=np.array([chosen(*cell) for cell in cells], dtype=np.int8),
        items=Labels.of(f"s{x:02}" for x in speaker),
        evaluators=Labels.of(f"e{x}" for x in evaluator),
        people=None,
        side=np.zeros(n, dtype=np.int8),
        position=np.full(n, np.nan),
        rt_ms=np.full(n, np.nan),
        counted=np.arange(n) >= aside,
        reason=Labels.of("too_fast" if row < aside else "" for row in range(n)),
    )
    about = About(study="s", title="Study", state="closed", question_text="Which?", code_version="1")
    return compute_report(votes, plan=PlanFacts(equivalence_margin=0.1), about=about)


def lines(*contrasts, **settings):
    return report_as_text(report(*contrasts, **settings)).split("\n")


def mixed(contrast, speaker, evaluator):
    return 2 * ((speaker * 7 + evaluator * 5 + contrast * 3) % 11 > 3)


def starting(found, start):
    return [line.strip() for line in found if line.strip().startswith(start)]


def test_a_comparison_has_its_sentence_equivalence_and_influence():
    found = lines("a:b", chosen=mixed)

    assert found[:2] == ["Study (s, closed): Which?", ""]
    assert found[2] == "a:b"
    assert found[3].startswith("  a was preferred over b in ")
    assert len(starting(found, "Equivalence is not shown: the 90 % interval")) == 1
    assert len(starting(found, "Without any one evaluator: ")) == 1
    assert len(starting(found, "Without any one speaker: ")) == 1
    assert len(starting(found, "Agreement over 12 comparisons: ")) == 1
    assert found[-1] == "Code 1."


def test_what_was_set_aside_stands_beside_what_it_changes():
    found = lines("a:b", chosen=mixed, aside=6)

    assert starting(found, "Set aside as") == ["Set aside as too_fast: 6 answers of 6 evaluators."]
    assert starting(found, "With nothing set aside: ")[0].startswith("With nothing set aside: ")
    assert " of 72 (" in starting(found, "With nothing set aside: ")[0]


def test_three_conditions_have_a_scale_and_two_have_none():
    three = lines("a:b", "b:c", "a:c", chosen=mixed)
    two = lines("a:b", chosen=mixed)

    assert starting(three, "Abilities on the logit (Bradley-Terry): ")[0].count(";") == 2
    assert starting(two, "Abilities") == []


def test_conditions_that_never_lost_have_a_sentence_for_a_scale():
    found = lines("a:b", "b:c", "a:c", chosen=lambda c, s, e: 2)

    (line,) = starting(found, "No common scale (Bradley-Terry): ")
    assert "a never lost" in line


def test_exploratory_comparisons_stand_apart():
    found = lines("a:b", chosen=mixed, planned=False)

    assert found[1:5][1] == "Exploratory: not planned"
    assert ", exploratory)." in found[5]
