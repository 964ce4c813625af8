"""What the report reads of a study's plan: as frozen and as changed since, and every departure from it."""

from studies.models import Deviation, Study
from studies.plan_rules import rules_as_text
from studies.plans import plan_changes, plan_in_force

from .report_parts import DeviationFact, PlanFacts


def plan_facts(study: Study) -> PlanFacts:
    """The plan in force, with the hash of what was frozen and the deviations, oldest first.

    Rules stand in the plan's order, each with its number, such as `coverage under 0.9`.
    """
    plan = plan_in_force(study)
    rows = Deviation.objects.filter(study=study).select_related("by").order_by("at", "pk")
    return PlanFacts(
        sha256=plan.sha256,
        frozen_at=plan.frozen_at,
        primary=plan.primary,
        equivalence_margin=plan.equivalence_margin,
        stopping_rule=plan.stopping_rule,
        adaptive_share=plan.adaptive_share,
        changed_at=plan_changes(study),
        hypotheses=plan.hypotheses,
        exclusion_rules=tuple(rules_as_text(plan.exclusion_rules).splitlines()),
        deviations=tuple(
            DeviationFact(what=row.what, by=row.author, at=row.at) for row in rows
        ),
    )
