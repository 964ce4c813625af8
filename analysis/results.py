"""One report from votes: `compute_report`. Pure, so that a study's rows and any file of votes give the same."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from . import wording
from .agreement import agreement
from .bradley_terry import bradley_terry
from .contrast_sections import contrast_report, rows_by_contrast
from .mixed_logit import mixed_logit
from .multiplicity import benjamini_hochberg, holm
from .report_parts import About, ContrastReport, Excluded, PlanFacts, Report
from .votes import Votes

SYSTEMS_OWN = ("late", "surplus")


def compute_report(votes: Votes, *, plan: PlanFacts, about: About, seed: int = 0) -> Report:
    """Every section of the report, from n = 0 on; never NaN.

    votes  of one question, counted and set aside; neither their order nor the names of ids change a number
    seed   of the bootstrap behind the agreement's interval
    """
    votes = votes.in_order()
    counted, uniform = votes.select(votes.counted), votes.uniform()
    contrasts = [
        replace(contrast, notes=(*contrast.notes, *_adaptive_note(counted, number)))
        for number, contrast in enumerate(
            contrast_report(uniform, rows, number, plan=plan, about=about)
            for number, rows in enumerate(rows_by_contrast(uniform))
        )
    ]
    exclusions = excluded_by_rule(votes, rules=[rule.split(" ")[0] for rule in plan.exclusion_rules])
    return Report(
        study=about.study,
        title=about.title,
        state=about.state,
        question=about.question,
        question_text=about.question_text,
        secondary_to=about.secondary_to,
        generated_at=about.generated_at,
        code_version=about.code_version,
        rehearsal=about.rehearsal,
        sessions_needed=about.sessions_needed,
        set_aside={row.rule: row.votes for row in exclusions},
        contrasts=tuple(_worded(_adjusted(contrasts))),
        plan=plan,
        exclusions=exclusions,
        flow=about.flow,
        agreement=agreement(counted.uniform(), seed=seed),
        bradley_terry=bradley_terry(counted),
        retests=about.retests,
        groups=about.groups,
        adaptive_votes=0 if counted.adaptive is None else int(np.count_nonzero(counted.adaptive)),
        looks=about.looks,
    )


def with_mixed_logit(report: Report, votes: Votes) -> Report:
    """The same report with a mixed logit for each contrast: about half a second for every thousand votes.

    votes  those that the report was computed from
    """
    votes = votes.in_order().uniform()
    contrasts = []
    for number, (contrast, rows) in enumerate(zip(report.contrasts, rows_by_contrast(votes), strict=True)):
        counted = votes.of_rows(rows[votes.counted[rows]], number)
        items, evaluators = (None if ids is None else ids.codes for ids in (counted.items, counted.evaluators))
        contrasts.append(replace(contrast, mixed_logit=mixed_logit(counted.halves, items, evaluators)))
    return replace(report, contrasts=tuple(contrasts))


def excluded_by_rule(votes: Votes, *, rules: Sequence[str] = ()) -> tuple[Excluded, ...]:
    """Answers set aside by their first rule: the system's own words, then the plan's in order, then others by name."""
    if votes.reason is None:
        return ()
    order = [*SYSTEMS_OWN, *rules]
    found = []
    for code, rule in enumerate(votes.reason.names):
        rows = ~votes.counted & (votes.reason.codes == code)
        if rule and rows.any():
            who = None if votes.evaluators is None else int(np.unique(votes.evaluators.codes[rows]).size)
            found.append(Excluded(rule, int(np.count_nonzero(rows)), who))
    return tuple(sorted(found, key=lambda row: (order.index(row.rule) if row.rule in order else len(order), row.rule)))


def _adaptive_note(counted: Votes, number: int) -> Iterator[str]:
    further = 0 if counted.adaptive is None else int(np.count_nonzero(counted.adaptive & (counted.contrast == number)))
    if further:
        which = "vote is adaptive and counts" if further == 1 else "votes are adaptive and count"
        yield f"{further} further {which} in the ranking only: earlier votes chose what was asked."


def _adjusted(contrasts: list[ContrastReport]) -> list[ContrastReport]:
    """With p adjusted: Holm's over what was planned, Benjamini and Hochberg's over what was not."""
    by_holm = holm([c.summary.p if c.planned else None for c in contrasts])
    by_bh = benjamini_hochberg([None if c.planned else c.summary.p for c in contrasts])
    return [replace(c, holm_p=one, bh_p=other) for c, one, other in zip(contrasts, by_holm, by_bh, strict=True)]


def _worded(contrasts: list[ContrastReport]) -> list[ContrastReport]:
    """With sentences: what stands beside p is known only when all contrasts have theirs."""
    family = {planned: sum(c.planned == planned and c.summary.p is not None for c in contrasts) for planned in (0, 1)}
    return [
        replace(
            contrast,
            sentences=tuple(
                wording.headline_sentences(
                    contrast.summary,
                    adjusted=wording.adjusted_clause(
                        contrast.holm_p if contrast.planned else contrast.bh_p,
                        planned=contrast.planned,
                        family=family[contrast.planned],
                    ),
                )
            ),
        )
        for contrast in contrasts
    ]
