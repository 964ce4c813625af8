"""Opening the next batch of a study's adaptive slots, where its plan has a share of them and the last one is in."""

from collections import defaultdict
from typing import Any

import numpy as np

from analysis.adaptive import choose_groups
from analysis.records import primary_question
from analysis.vote_records import votes_of
from studies.models import Study, StudyState
from studies.queries import adaptive_slots, shown_comparisons
from studies.services.adaptive import open_adaptive_slots
from studies.services.locks import locked_study
from studies.services.rehearsals import Rehearsal, play_evaluators, rehearsal_of


def open_due_batch(study_id: int, *, rehearsal: bool = False) -> dict[str, int]:
    """Choose comparison groups by the votes that count now, and open a batch on them, if one is due.

    Under the study's lock: of two workers the second finds that nothing is due, for an open batch is at least a
    session's worth of slots, or the last.
    Returns  further slots by treatment:control; empty where no batch is due or the study is not open
    Raises   NoQuestion
    """
    with locked_study(study_id) as study:
        due = adaptive_slots(study, rehearsal=rehearsal).due
        if not due or (study.state != StudyState.OPEN and not rehearsal):
            return {}
        wanted = _chosen(study, votes=due, rehearsal=rehearsal)
        opened: dict[str, int] = defaultdict(int)
        for slot in open_adaptive_slots(study_id, wanted=wanted, rehearsal=rehearsal):
            opened[str(slot.comparison.contrast)] += 1
        return dict(opened)


def rehearse_with_batches(study_id: int, **arguments: Any) -> Rehearsal:
    """As `rehearse_study`, with a batch opened between two evaluators whenever one is due."""
    stages = []
    for stage in play_evaluators(study_id, **arguments):
        stages.append(stage)
        open_due_batch(study_id, rehearsal=True)
    return rehearsal_of(study_id, stages)


def _chosen(study: Study, *, votes: int, rehearsal: bool) -> dict[str, int]:
    answers = votes_of(study, primary_question(study), rehearsal=rehearsal)
    groups = [(name.treatment, name.control) for name in answers.contrasts]
    kinds = 3 * answers.contrast[answers.counted].astype(np.int64) + answers.halves[answers.counted]
    outcomes = np.bincount(kinds, minlength=3 * len(groups)).reshape(-1, 3)
    shown = {str(comparison.contrast) for comparison in shown_comparisons(study)}
    names = [name.key for name in answers.contrasts]
    seed = study.seed + len(answers)
    chosen = choose_groups(groups, outcomes, votes=votes, seed=seed, may_ask=[name in shown for name in names])
    return {name: n for name, n in zip(names, chosen, strict=True) if n}
