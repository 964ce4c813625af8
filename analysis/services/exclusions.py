"""Applying the plan's exclusion rules: what they find, who is aside already, and the press that sets aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

from analysis.exclusion_records import Aside, session_facts, sessions_that_are_over, who_is_aside
from analysis.exclusion_rules import COMPUTED, Finding, find
from analysis.records import primary_question
from studies.models import Assignment, Exclusion, Session, Study, StudyState
from studies.plan_rules import KINDS, Entry, rule_name, rule_names, rule_problems, rule_sentence, rule_value
from studies.plans import plan_in_force
from studies.services.exclusions import exclude_each, exclude_votes
from studies.services.locks import locked_study

DUPLICATE = "duplicate_person"
NOT_ANEW = "What is set aside in a rehearsal is not collected anew: its evaluators have come and gone."
# Who was at work when a study closed is over then; after a day there is nobody left to judge.
LAST_LOOK = timedelta(days=1)


class RulesRefused(ValueError):
    """These rules cannot be applied to this study; the message says why and what to do."""


class Standing(StrEnum):
    """What becomes of a finding: new, aside by this rule already, covered by another, or let back in by a person."""

    NEW = "new"
    ALREADY = "already"
    COVERED = "covered"
    LET_BACK = "let back"


@dataclass(frozen=True)
class Judged:
    """One finding, whom it is about, and where it stands.

    position    of the trial in its session; None where the whole session is meant
    aside_by    the rule under which it counts already, or will when the rules before this one are applied
    """

    finding: Finding
    pseudonym: str
    position: int | None
    standing: Standing
    aside_by: str = ""


@dataclass(frozen=True)
class RuleOutcome:
    """One rule in its place: its words, and all that it finds, in the order of sessions."""

    rule: str
    sentence: str
    is_computed: bool
    judged: tuple[Judged, ...]

    def count(self, standing: Standing) -> int:
        return sum(judged.standing == standing for judged in self.judged)


@dataclass(frozen=True)
class Applied:
    """What the rules found, in their order.

    sessions, waiting   sessions judged, and those still under way, which are judged when they are over
    excluded            new rows of the ledger; in a preview, how many a press would make
    already             findings that the same rule set aside before
    covered             findings that count under another rule: an earlier one here, or one of the ledger's
    let_back            findings that a person has undone: that rule does not set those aside again, another may
    """

    rules: tuple[RuleOutcome, ...]
    sessions: int
    waiting: int

    @property
    def found(self) -> int:
        return sum(len(rule.judged) for rule in self.rules)

    @property
    def excluded(self) -> int:
        return sum(rule.count(Standing.NEW) for rule in self.rules)

    @property
    def already(self) -> int:
        return sum(rule.count(Standing.ALREADY) for rule in self.rules)

    @property
    def covered(self) -> int:
        return sum(rule.count(Standing.COVERED) for rule in self.rules)

    @property
    def let_back(self) -> int:
        return sum(rule.count(Standing.LET_BACK) for rule in self.rules)


def preview_rules(
    study: Study, *, at: datetime, rules: Sequence[Entry] | None = None, rehearsal: bool = False
) -> Applied:
    """What a press would set aside now; writes nothing. As `apply_rules`."""
    entries = _entries(study, rules)
    question = primary_question(study)
    sessions = sessions_that_are_over(study, rehearsal=rehearsal, at=at)
    facts = session_facts(study, question, sessions)
    aside = who_is_aside(study)
    names = {session.pk: session.pseudonym for session in sessions}
    positions = {trial.trial: trial.position for session in facts for trial in session.trials}
    outcomes = []
    for entry in entries:
        judged = []
        for finding in find(entry, facts):
            standing, aside_by = _standing(finding, aside)
            position = positions.get(finding.trial)
            judged.append(Judged(finding, names[finding.session], position, standing, aside_by))
        name = rule_name(entry)
        outcomes.append(RuleOutcome(name, rule_sentence(entry), name in COMPUTED, tuple(judged)))
    everyone = Session.objects.filter(study=study, rehearsal=rehearsal).count()
    return Applied(tuple(outcomes), sessions=len(sessions), waiting=everyone - len(sessions))


def apply_rules(
    study: Study,
    *,
    by: AbstractBaseUser | None,
    at: datetime,
    rules: Sequence[Entry] | None = None,
    rehearsal: bool = False,
) -> Applied:
    """Set aside what the rules find, in their order: whom an earlier rule has, a later one does not count again.

    rules      the plan's in force if None; others are a deviation, which the ledger records
    rehearsal  judge the rehearsal's sessions in place of evaluators'
    Raises     NoQuestion; RulesRefused for what is no rule, or a rule of the plan with another number than the plan's
    """
    with locked_study(study.pk) as locked:
        applied = preview_rules(locked, rules=rules, at=at, rehearsal=rehearsal)
        for outcome in applied.rules:
            new = [judged.finding for judged in outcome.judged if judged.standing == Standing.NEW]
            sessions = Session.objects.in_bulk([finding.session for finding in new])
            trials = Assignment.objects.select_related("session").in_bulk([f.trial for f in new if f.trial])
            found = [(trials[f.trial] if f.trial else sessions[f.session], f.sentence) for f in new]
            if found:
                exclude_each(locked.pk, rule=outcome.rule, found=found, by=by, at=at)
        return applied


def studies_that_apply_rules(*, at: datetime) -> list[Study]:
    """Studies whose plan says that its rules apply themselves: open or paused, or closed within the last day."""
    running = Q(state__in=[StudyState.OPEN, StudyState.PAUSED])
    launched = Study.objects.filter(running | Q(state=StudyState.CLOSED, closed_at__gte=at - LAST_LOOK)).order_by("pk")
    return [study for study in launched if plan_in_force(study).applies_rules_itself]


def exclude_by_hand(
    study: Study, *, session: Session, rule: str, reason: str, by: AbstractBaseUser | None, at: datetime
) -> list[Exclusion]:
    """Set a session aside under a name that is no rule of the software's: those speak by what they find.

    Returns  the new row, none if it is aside by this rule already
    Raises   RulesRefused for such a rule; CannotExclude
    """
    if rule.strip() == DUPLICATE:
        raise RulesRefused(f"{DUPLICATE} names two sessions: say which other session is the same person's.")
    if rule.strip() in KINDS:
        raise RulesRefused(
            f"{rule.strip()} is computed: it sets aside what it finds, and nobody by hand. Choose another name; "
            "outside the plan it is a deviation."
        )
    return exclude_votes(study.pk, rule=rule, reason=reason, sessions=[session], by=by, at=at)


def exclude_same_person(
    study: Study, *, earlier: str, later: str, reason: str, by: AbstractBaseUser | None, at: datetime
) -> list[Exclusion]:
    """Set aside the later of two sessions that a researcher knows to be one person's.

    No row can know it: on an open link each arrival is a new person, and platforms' ids are hashed one by one.
    earlier, later  pseudonyms, in either order; when they began decides
    Returns         the new row, none if it is aside by this rule already
    Raises          RulesRefused; CannotExclude without a reason
    """
    pair = list(Session.objects.filter(study=study, pseudonym__in=[earlier, later]).order_by("started_at", "pk"))
    if len(pair) != 2:
        known = {session.pseudonym for session in pair}
        missing = [name for name in (earlier, later) if name not in known]
        raise RulesRefused(
            f"Study '{study.key}' has no session {' and no session '.join(missing)}." if missing
            else "Name two different sessions."
        )  # fmt: skip
    if pair[0].rehearsal or pair[1].rehearsal:
        raise RulesRefused("Sessions of a rehearsal are nobody's.")
    text = f"The same person as session {pair[0].pseudonym}, which began before: {reason.strip()}" if reason else ""
    return exclude_votes(study.pk, rule=DUPLICATE, reason=text, sessions=[pair[1]], by=by, at=at)


def _standing(finding: Finding, aside: Aside) -> tuple[Standing, str]:
    """Where a finding stands, and from now on also under which rule: the ledger in memory moves with it."""
    by = aside.rule_of(finding.session, finding.trial)
    if by is not None:
        return (Standing.ALREADY if by == finding.rule else Standing.COVERED), by
    target = (finding.session, None) if finding.trial is None else (None, finding.trial)
    if (finding.rule, *target) in aside.let_back:
        return Standing.LET_BACK, ""
    aside.add(target, finding.rule)
    return Standing.NEW, ""


def _entries(study: Study, rules: Sequence[Entry] | None) -> list[Entry]:
    planned = list(plan_in_force(study).exclusion_rules)
    if rules is None:
        return planned
    if problems := rule_problems(list(rules)):
        raise RulesRefused("\n".join(problems))
    values = dict(zip(rule_names(planned), map(rule_value, planned), strict=True))
    for entry in rules:
        name = rule_name(entry)
        if name in values and rule_value(entry) != values[name]:
            raise RulesRefused(
                f"The plan has the rule {name} with {values[name]:g}. Change the plan as a deviation to use another "
                "number."
            )
    return list(rules)
