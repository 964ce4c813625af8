"""What the analysis reads of a study: its votes, its trials, and why some of them do not count."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from studies.models import (
    Assignment,
    AssignmentState,
    Exclusion,
    Question,
    Rendition,
    Study,
    TrialKind,
    Vote,
)
from studies.queries import StudyProgress, active_exclusions, valid_assignments

from .report_parts import Fill

CHUNK = 2000
LATE = "late"
LATE_REASON = "Answered when its place was taken or the study was closed."


class StudyMissing(Exception):
    """There is no study with this key; the message names those that there are."""


class NoQuestion(Exception):
    """The study asks nothing, so there is nothing to report."""


def study_with_key(key: str) -> Study:
    """Raises  StudyMissing with a sentence that says which studies there are."""
    study = Study.objects.filter(key=key).first()
    if study is None:
        known = ", ".join(Study.objects.order_by("key").values_list("key", flat=True)[:20])
        remedy = f"Studies here: {known}." if known else "There is no study yet: make one with create_study."
        raise StudyMissing(f"No study has the key '{key}'. {remedy}")
    return study


def primary_question(study: Study) -> Question:
    """The first question by position. Raises  NoQuestion."""
    question = study.questions.order_by("position").first()
    if question is None:
        raise NoQuestion(f"Study '{study.key}' has no question yet. Add one in the admin.")
    return question


def question_of(study: Study, key: str) -> Question:
    """The question with this key; "" is the primary one. Raises  NoQuestion with the keys that there are."""
    primary = primary_question(study)
    if key in ("", primary.key):
        return primary
    question = study.questions.filter(key=key).first()
    if question is None:
        known = ", ".join(study.questions.order_by("position").values_list("key", flat=True))
        raise NoQuestion(f"Study '{study.key}' has no question '{key}'. Its questions: {known}.")
    return question


@dataclass(frozen=True)
class ExclusionLedger:
    """Exclusions in force, by what they name. Each is (row's id, rule, reason), in the order they were made."""

    of_session: dict[int, list[tuple[int, str, str]]]
    of_assignment: dict[int, list[tuple[int, str, str]]]

    def why_not(self, assignment: Assignment) -> list[tuple[str, str]]:
        """Why this trial's votes do not count, as (rule, reason); empty where they count.

        Late, then the rules in the order they were applied, then surplus. The first is what they are counted under.
        """
        late = assignment.state == AssignmentState.LATE
        return self.reasons(assignment.pk, session=assignment.session_id, late=late)

    def reasons(self, assignment: int, *, session: int, late: bool) -> list[tuple[str, str]]:
        """The same of a trial that is not at hand as an object."""
        rows = sorted(self.of_assignment.get(assignment, []) + self.of_session.get(session, []))
        rules = [(rule, reason) for _, rule, reason in rows if rule != Exclusion.SURPLUS]
        surplus = [(rule, reason) for _, rule, reason in rows if rule == Exclusion.SURPLUS]
        return [(LATE, LATE_REASON)] * late + rules + surplus


def exclusion_ledger(study: Study) -> ExclusionLedger:
    of_session: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    of_assignment: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    rows = active_exclusions(study).order_by("pk")
    for session, assignment, *row in rows.values_list("session_id", "assignment_id", "pk", "rule", "reason"):
        if session:
            of_session[session].append(tuple(row))
        else:
            of_assignment[assignment].append(tuple(row))
    return ExclusionLedger(dict(of_session), dict(of_assignment))


def fill_of(progress: StudyProgress) -> dict[tuple[str, str], Fill]:
    """How full each contrast with comparisons is, by (treatment, control)."""
    filled: dict[tuple[str, str], Fill] = {}
    for row in progress.comparisons:
        contrast = row.comparison.contrast
        key = contrast.treatment, contrast.control
        had = filled.get(key, Fill(0, 0, 0))
        filled[key] = Fill(had.target + row.target, had.valid + row.valid, had.live + row.live)
    return filled


def main_answers(study: Study, question: Question, *, rehearsal: bool) -> QuerySet[Vote]:
    """Every answer to a main trial, counted or set aside."""
    return Vote.objects.filter(
        question=question,
        assignment__session__study=study,
        assignment__session__rehearsal=rehearsal,
        assignment__kind=TrialKind.MAIN,
    )


def counted_votes(study: Study, question: Question, *, rehearsal: bool) -> QuerySet[Vote]:
    """Votes that count: answered main trials, valid, under no exclusion in force.

    rehearsal  the rehearsal's simulated votes instead of evaluators'
    """
    excluded = active_exclusions(study).filter(Q(assignment=OuterRef("pk")) | Q(session=OuterRef("session_id")))
    counted = valid_assignments(study, rehearsal=rehearsal).filter(~Exists(excluded))
    return Vote.objects.filter(question=question, assignment__in=counted)


def headline_votes(study: Study, question: Question, *, rehearsal: bool) -> QuerySet[Vote]:
    """Those of them that count in shares and p: uniform ones, whose comparison group no vote chose."""
    return counted_votes(study, question, rehearsal=rehearsal).filter(assignment__slot__adaptive=False)


_SHOWN = (
    "session",
    "item__speaker",
    "left",
    "right",
    "slot__comparison__contrast",
    "retest_of__slot__comparison__contrast",
    "consent__version",
)


def answers_of(study: Study, *, with_rehearsal: bool) -> Iterator[Vote]:
    """Every answer whatever became of it: session by session, in the order of trials and questions."""
    votes = Vote.objects.filter(assignment__session__study=study)
    if not with_rehearsal:
        votes = votes.filter(assignment__session__rehearsal=False)
    related = [f"assignment__{path}" for path in (*_SHOWN, "remark")]
    return (
        votes.select_related("question", *related)
        .order_by("assignment__session_id", "assignment__position", "question__position", "pk")
        .iterator(CHUNK)
    )


def trials_of(study: Study, *, with_rehearsal: bool) -> Iterator[Assignment]:
    """Every trial whatever became of it: session by session, in the order of trials."""
    trials = Assignment.objects.filter(session__study=study)
    if not with_rehearsal:
        trials = trials.filter(session__rehearsal=False)
    return trials.select_related(*_SHOWN).order_by("session_id", "position", "pk").iterator(CHUNK)


def timelines_s(study: Study) -> dict[int, float]:
    """How long each item plays, in seconds: as prepared, else as long as its speaker's clip."""
    lengths = dict(study.items.values_list("pk", "speaker__length_s"))
    prepared = Rendition.objects.filter(item__study=study).values_list(
        "item_id", "clip_id", "item__speaker_id", "length_s"
    )
    return lengths | {item: length for item, clip, speaker, length in prepared if clip == speaker}
