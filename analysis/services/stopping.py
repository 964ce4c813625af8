"""Looking at a study by its plan's stopping rule, and closing it where the rule says so."""

from datetime import datetime

from analysis.looks import Look
from analysis.services.exclusions import apply_rules
from analysis.stopping_records import look_at
from studies.models import Study, StudyState
from studies.plans import plan_in_force
from studies.services.launches import close_study
from studies.services.locks import locked_study
from studies.stopping_rules import CLOSE, FIXED


def look_and_act(study_id: int, *, at: datetime) -> Look:
    """Look, and close the study where its rule stops it early and the plan says that it closes itself.

    Where the plan's exclusion rules apply themselves they do so first. A study that is not open is only looked at.
    Raises  NoLooks, NoQuestion
    """
    with locked_study(study_id) as study:
        is_open = study.state == StudyState.OPEN
        if is_open and plan_in_force(study).applies_rules_itself:
            apply_rules(study, by=None, at=at)
        look = look_at(study)
        if is_open and look.is_early and look.rule.then == CLOSE:
            close_study(study.pk, at=at)
        return look


def studies_that_look() -> list[Study]:
    """Open studies whose plan has a rule that may stop them."""
    return [
        study
        for study in Study.objects.filter(state=StudyState.OPEN).order_by("pk")
        if plan_in_force(study).stopping_rule != FIXED
    ]
