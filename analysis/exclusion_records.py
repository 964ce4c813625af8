"""What the exclusion rules read of a study: its sessions that are over, and who is aside or was let back in."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from studies.coverage import viewing
from studies.models import AssignmentState, Exclusion, Question, Session, Study, StudyState, Vote
from studies.queries import active_exclusions

from .exclusion_rules import SessionFacts, TrialFacts
from .records import CHUNK, timelines_s


def sessions_that_are_over(study: Study, *, rehearsal: bool, at: datetime) -> list[Session]:
    """Finished, returned, silent for longer than a lease, or of a closed study: what is judged does not change."""
    sessions = Session.objects.filter(study=study, rehearsal=rehearsal)
    if study.state != StudyState.CLOSED and not rehearsal:
        silent_since = at - timedelta(minutes=study.lease_minutes)
        sessions = sessions.filter(
            Q(finished_at__isnull=False) | Q(returned_at__isnull=False) | Q(last_active_at__lt=silent_since)
        )
    return list(sessions.order_by("started_at", "pseudonym"))


def session_facts(study: Study, question: Question, sessions: list[Session]) -> list[SessionFacts]:
    """The answered trials of these sessions, in the sessions' order."""
    lengths = timelines_s(study)
    trials: dict[int, list[TrialFacts]] = defaultdict(list)
    answers = (
        Vote.objects.filter(
            question=question, assignment__session__in=sessions, assignment__state=AssignmentState.ANSWERED
        )
        .select_related("assignment__item", "assignment__left", "assignment__right")
        .order_by("assignment__session_id", "assignment__position")
    )
    for vote in answers.iterator(CHUNK):
        trial = vote.assignment
        length_s = lengths[trial.item_id]
        shown = {"left": trial.left.condition, "right": trial.right.condition}
        known = trial.item.correct_condition
        trials[trial.session_id].append(
            TrialFacts(
                trial=trial.pk,
                position=trial.position,
                kind=trial.kind,
                coverage=viewing(trial.views, length_s=length_s).coverage,
                rt_ms=vote.rt_ms,
                timeline_ms=1000 * length_s,
                side=vote.choice,
                is_correct=shown.get(vote.choice) == known if known else None,
            )
        )
    return [SessionFacts(session.pk, tuple(trials[session.pk])) for session in sessions]


Target = tuple[int | None, int | None]


@dataclass
class Aside:
    """Who is set aside, by which rule and in which order; and what a person has let back in, by rule.

    rules     (session, trial), one of them None: the first rule that has it, with its place in the order
    let_back  (rule, session, trial)
    """

    rules: dict[Target, tuple[int, str]]
    let_back: set[tuple[str, int | None, int | None]]

    def rule_of(self, session: int, trial: int | None) -> str | None:
        """The first rule that has this session, or this trial or its session, aside already."""
        found = [self.rules[target] for target in ((session, None), (None, trial)) if target in self.rules]
        return min(found)[1] if found else None

    def add(self, target: Target, rule: str) -> None:
        self.rules.setdefault(target, (len(self.rules), rule))


def who_is_aside(study: Study) -> Aside:
    undone = Exclusion.objects.filter(study=study, undoes__isnull=False).exclude(rule=Exclusion.SURPLUS)
    aside = Aside({}, set(undone.values_list("rule", "session_id", "assignment_id")))
    for row in active_exclusions(study).exclude(rule=Exclusion.SURPLUS).order_by("pk"):
        aside.add((row.session_id, row.assignment_id), row.rule)
    return aside
