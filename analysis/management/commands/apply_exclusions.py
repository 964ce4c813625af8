from collections import Counter

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analysis.records import NoQuestion, StudyMissing, study_with_key
from analysis.services.exclusions import (
    NOT_ANEW,
    Applied,
    Judged,
    RuleOutcome,
    RulesRefused,
    Standing,
    apply_rules,
    exclude_same_person,
    preview_rules,
)
from studies.models import Study
from studies.plan_rules import KINDS, parse_rules
from studies.services.exclusions import CannotExclude

EXAMPLES = 3


class Command(BaseCommand):
    help = (
        "Set aside what the plan's exclusion rules find, in their order; --dry-run only tells. Nothing is deleted. "
        "What a person has let back in is not set aside by the same rule again; the plan's other rules still speak. "
        "Sessions under way are judged when they are over. "
        "Example: python manage.py apply_exclusions demo --dry-run"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", metavar="KEY", help="the study's key, as create_study was given it")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be set aside and write nothing")
        parser.add_argument(
            "--rule",
            action="append",
            metavar="'NAME PARAMETER NUMBER'",
            help="this rule in place of the plan's, such as 'coverage under 0.9'; may be given more than once. A rule "
            "that is not in a frozen plan is recorded as a deviation.",
        )
        parser.add_argument(
            "--include-rehearsal", action="store_true", help="judge the rehearsal's sessions in place of evaluators'"
        )
        parser.add_argument(
            "--same-person",
            nargs=2,
            metavar=("SESSION", "SESSION"),
            help="two pseudonyms known to be one person: set the later session aside (with --reason)",
        )
        parser.add_argument("--reason", default="", help="how it is known, for --same-person")

    def handle(self, *args: object, key: str, **options: object) -> None:
        try:
            study = study_with_key(key)
            if options["same_person"]:
                self._set_aside_later(study, options)
            else:
                self._apply(study, options)
        except (StudyMissing, NoQuestion, RulesRefused, CannotExclude, ValueError) as refusal:
            raise CommandError(str(refusal)) from None

    def _apply(self, study: Study, options: dict) -> None:
        given = {
            "rules": parse_rules("\n".join(options["rule"])) if options["rule"] else None,
            "rehearsal": options["include_rehearsal"],
            "at": timezone.now(),
        }
        dry = options["dry_run"]
        applied = preview_rules(study, **given) if dry else apply_rules(study, by=None, **given)
        self.stdout.write("\n".join(_lines(applied, dry=dry)))
        if given["rehearsal"]:
            self.stdout.write(NOT_ANEW)

    def _set_aside_later(self, study: Study, options: dict) -> None:
        if options["dry_run"]:
            raise CommandError("--same-person sets one session aside: there is nothing to try out.")
        one, other = options["same_person"]
        made = exclude_same_person(
            study, earlier=one, later=other, reason=options["reason"], by=None, at=timezone.now()
        )
        told = [f"Set aside session {row.session.pseudonym}. {row.reason}" for row in made]
        self.stdout.write("\n".join(told) or "It is set aside already.")


def _lines(applied: Applied, *, dry: bool) -> list[str]:
    would = "would be" if dry else "were"
    lines = []
    for number, outcome in enumerate(applied.rules, start=1):
        lines.append(f"{number}. {outcome.rule}: {outcome.sentence}.")
        if outcome.is_computed:
            lines.append(f"   finds {_counts(outcome, would)}.")
        new = [judged for judged in outcome.judged if judged.standing == Standing.NEW]
        lines += [f"   {_who(judged)}: {judged.finding.sentence}" for judged in new[:EXAMPLES]]
        if len(new) > EXAMPLES:
            lines.append(f"   and {len(new) - EXAMPLES} more: Exclusions, on the study's page, has all.")
    if not applied.rules:
        lines.append("The plan has no exclusion rules.")
    lines.append(
        f"{applied.sessions} sessions judged, {applied.waiting} still under way. {applied.found} found: "
        f"{applied.excluded} {would} set aside, {applied.already} are aside already, {applied.covered} are covered by "
        f"another rule, {applied.let_back} stay in because a person let them back."
    )
    return lines


def _counts(outcome: RuleOutcome, would: str) -> str:
    """What becomes of all that a rule finds, such as `6 trials: 1 would be set aside, 5 covered by failed_catch`."""
    if not outcome.judged:
        return "nobody"
    covered = Counter(judged.aside_by for judged in outcome.judged if judged.standing == Standing.COVERED)
    counts = {
        f"{would} set aside": outcome.count(Standing.NEW),
        "aside already": outcome.count(Standing.ALREADY),
        **{f"covered by {rule}": n for rule, n in sorted(covered.items())},
        "let back in by a person": outcome.count(Standing.LET_BACK),
    }
    n = len(outcome.judged)
    noun = KINDS[outcome.rule].sets_aside + ("" if n == 1 else "s")
    return f"{n} {noun}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _who(judged: Judged) -> str:
    return f"session {judged.pseudonym}" + (f", trial {judged.position}" if judged.position is not None else "")
