"""A draft's plan, while it can still be edited, and the ledger of what departs from it later."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from studies.adaptive_lists import share_problems
from studies.models import Contrast, Deviation, ItemKind, Plan, Study, StudyState
from studies.plan_rules import rule_problems
from studies.plans import CHANGEABLE, PlanInForce, plan_at_launch
from studies.stopping_rules import FIXED, stopping_problems

from .locks import locked_study

MOST_VOTES = 100_000


class PlanRefused(ValueError):
    """The plan does not take this; `problems` are sentences."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


class PlanFrozen(PlanRefused):
    """The study was launched: its plan is read, not edited."""


def edit_plan(study_id: int, *, changes: Mapping[str, Any]) -> Plan:
    """Change fields of a draft's plan, the target among them.

    changes  by the fields' names in PlanInForce; those left out stay
    Raises   PlanFrozen once launched; PlanRefused naming every value that does not fit; then nothing has changed
    """
    with locked_study(study_id) as study:
        _require_draft(study)
        problems = change_problems(study, changes)
        if problems:
            raise PlanRefused(problems)
        plan, _ = Plan.objects.get_or_create(study=study)
        own = dict(changes)
        if "votes_per_comparison" in own:
            study.votes_per_comparison = own.pop("votes_per_comparison")
            study.save(update_fields=["votes_per_comparison"])
        if "primary" in own:
            plan.primary_contrast = contrast_named(study, own.pop("primary"))
        for name, value in own.items():
            setattr(plan, name, list(value) if name == "exclusion_rules" else value)
        plan.save()
        return plan


def set_planned(contrast_id: int, *, is_planned: bool) -> Contrast:
    """Say of a draft's comparison group whether it is planned or exploratory. Raises PlanFrozen once launched."""
    study_id = Contrast.objects.values_list("study_id", flat=True).get(pk=contrast_id)
    with locked_study(study_id) as study:
        _require_draft(study)
        contrast = Contrast.objects.get(pk=contrast_id)
        contrast.is_planned = is_planned
        contrast.save(update_fields=["is_planned"])
        return contrast


def plan_problems(study: Study) -> list[str]:
    """What is wrong with a draft's plan as it stands: sentences; empty when it can be frozen."""
    plan = plan_at_launch(study)
    problems = change_problems(study, {name: getattr(plan, name) for name in CHANGEABLE})
    primary = contrast_named(study, plan.primary)
    if primary is not None and not primary.is_planned:
        problems.append(f"The primary comparison group {primary} is exploratory: plan it, or make another primary.")
    if plan.stopping_rule != FIXED and primary is None:
        problems.append("A rule that may stop early looks at the primary comparison group: name one.")
    if plan.adaptive_share and plan.stopping_rule != FIXED:
        problems.append("Adaptive votes need the stopping rule 'fixed': change the rule, or set the share to 0.")
    return problems


def change_problems(study: Study, changes: Mapping[str, Any]) -> list[str]:
    """Why these values are none of a plan: sentences, one for each."""
    problems = [f"A plan has no field '{name}'." for name in sorted(set(changes) - set(CHANGEABLE))]
    if "exclusion_rules" in changes:
        problems += rule_problems(list(changes["exclusion_rules"]))
    margin = changes.get("equivalence_margin")
    if margin is not None and not (_is_number(margin) and 0 < margin < 0.5):
        problems.append("The equivalence margin is in share points, more than 0 and less than 0.5; 0.1 is 40 to 60 %.")
    if changes.get("primary") is not None and contrast_named(study, changes["primary"]) is None:
        problems.append(f"The study has no comparison group '{changes['primary']}'.")
    if "stopping_rule" in changes:
        problems += _stopping_problems(study, str(changes["stopping_rule"]))
    if "adaptive_share" in changes:
        problems += _share_problems(study, changes["adaptive_share"])
    if "votes_per_comparison" in changes:
        problems += _target_problems(study, changes["votes_per_comparison"])
    return problems


def contrast_named(study: Study, name: str | None) -> Contrast | None:
    """The study's comparison group that is called treatment:control; None where there is none."""
    return next((contrast for contrast in study.contrasts.all() if str(contrast) == name), None)


def write_deviation(
    study: Study, *, what: str, by: AbstractBaseUser | None, at: datetime, change: Mapping[str, Any] | None = None
) -> Deviation:
    """Add a row to the ledger. Call under the study's lock."""
    who = by.get_username() if by is not None else ""
    return Deviation.objects.create(study=study, what=what, change=dict(change or {}), by=by, who=who, at=at)


def differences(plan: PlanInForce, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the changes that say something else than the plan."""
    return {
        name: list(value) if name == "exclusion_rules" else value
        for name, value in changes.items()
        if (tuple(value) if name == "exclusion_rules" else value) != getattr(plan, name)
    }


def _require_draft(study: Study) -> None:
    if study.state != StudyState.DRAFT:
        raise PlanFrozen(
            [f"Study '{study.key}' was launched and its plan is frozen. Change it as a deviation, with a reason."]
        )


def _target_problems(study: Study, votes: object) -> list[str]:
    if not isinstance(votes, int) or isinstance(votes, bool) or votes < 1:
        return ["Votes per comparison must be a whole number, at least 1."]
    comparisons = study.items.filter(kind=ItemKind.MAIN).count() * study.contrasts.count()
    if votes * comparisons > MOST_VOTES:
        return [f"That asks for {votes * comparisons} votes in all; at most {MOST_VOTES} can be dealt."]
    return []


def _share_problems(study: Study, share: object) -> list[str]:
    contrasts = list(study.contrasts.all())
    conditions = {condition for contrast in contrasts for condition in (contrast.treatment, contrast.control)}
    return share_problems(share, conditions=len(conditions), contrasts=len(contrasts))


def _stopping_problems(study: Study, rule: str) -> list[str]:
    longest = Plan._meta.get_field("stopping_rule").max_length
    if len(rule) > longest:
        return [f"The stopping rule has {len(rule)} characters; {longest} fit. Look less often."]
    return stopping_problems(rule, speakers=study.items.filter(kind=ItemKind.MAIN).count())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
