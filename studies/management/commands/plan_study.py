"""`manage.py plan_study`: a study's plan, to read, to register, or as the bytes that its hash is of."""

from typing import Any

from django.core.management.base import CommandParser

from studies.adaptive_lists import share_sentence
from studies.management.base import StudyCommand
from studies.models import Study
from studies.plan_rules import rule_name, rule_sentence
from studies.plans import plan_in_force, plan_warnings, registration_of
from studies.preregistration import preregistration
from studies.services.launches import frozen_text
from studies.services.planning import plan_problems
from studies.stopping_rules import stopping_sentence


class Command(StudyCommand):
    help = (
        "Print a study's plan: what was decided before the first vote, and every departure from it since. "
        "Example: manage.py plan_study demo --format prereg > prereg.md"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--format",
            choices=["text", "json", "prereg"],
            default="text",
            help="text: the plan in force, to read (default). prereg: text for a registry, in Markdown. json: the plan "
            "as frozen, byte for byte (its SHA-256 is the plan's hash), or as it would be frozen now.",
        )

    def run(self, **options: Any) -> None:
        study: Study = options["study"]
        text = {"text": _as_text, "json": frozen_text, "prereg": _as_registration}[options["format"]](study)
        self.stdout.write(text, ending="")


def _as_registration(study: Study) -> str:
    return preregistration(registration_of(study))


def _as_text(study: Study) -> str:
    plan = plan_in_force(study)
    state = f"frozen {plan.frozen_at:%Y-%m-%d %H:%M} UTC, SHA-256 {plan.sha256}" if plan.frozen_at else "a draft"
    margin = "none" if plan.equivalence_margin is None else f"{plan.equivalence_margin:g} share points"
    lines = [
        f"Plan of {study.key}: {state}",
        f"Hypotheses: {plan.hypotheses.strip() or 'none written down'}",
        "Comparison groups: " + ", ".join(
            f"{contrast} ({'planned' if contrast.is_planned else 'exploratory'}"
            + (", primary)" if str(contrast) == plan.primary else ")")
            for contrast in study.contrasts.all()
        ),
        f"Votes per comparison: {plan.votes_per_comparison}",
        f"Equivalence margin: {margin}",
        f"Stopping: {stopping_sentence(plan.stopping_rule)}",
        *([f"Adaptive votes: {share_sentence(plan.adaptive_share)}"] if plan.adaptive_share else []),
        "Exclusion rules, " + ("applied by themselves:" if plan.applies_rules_itself else "applied by a press:"),
        *(f"  {n}. {rule_name(rule)}: {rule_sentence(rule)}" for n, rule in enumerate(plan.exclusion_rules, start=1)),
    ]  # fmt: skip
    deviations = study.deviations.all()
    lines += [f"Deviation, {row.at:%Y-%m-%d %H:%M} UTC, {row.who or 'unnamed'}: {row}" for row in deviations]
    remarks = plan_warnings(study) if plan.frozen_at else [*plan_problems(study), *plan_warnings(study)]
    return "\n".join([*lines, *(f"Note: {remark}" for remark in remarks)]) + "\n"
