"""The votes behind a number of the report: those that count, and apart from them those set aside."""

from dataclasses import dataclass

from django.db.models import F, QuerySet

from studies.models import Choice, Question, Study, Vote

from .records import counted_votes, exclusion_ledger, headline_votes, main_answers
from .vote_records import REPLACED

_TREATMENT_SIDE = "assignment__slot__treatment_side"
_SHOWN = ("assignment__session", "assignment__item__speaker", "assignment__slot__comparison__contrast")


@dataclass(frozen=True)
class VotesWanted:
    """Which votes; "" means any.

    contrast  "treatment:control"
    chosen    "treatment", "control" or "tie"
    rule      of those set aside, only these: the first rule's name
    """

    contrast: str = ""
    speaker: str = ""
    evaluator: str = ""
    chosen: str = ""
    rule: str = ""


@dataclass(frozen=True)
class SetAsideVote:
    """A vote that does not count, and why: rules with their reasons, the first one first."""

    vote: Vote
    reasons: tuple[tuple[str, str], ...]


def counted_list(study: Study, question: Question, wanted: VotesWanted, *, rehearsal: bool) -> QuerySet[Vote]:
    """Votes that count in shares and p, in the order they were given."""
    return _filtered(headline_votes(study, question, rehearsal=rehearsal), study, wanted)


def adaptive_list(study: Study, question: Question, wanted: VotesWanted, *, rehearsal: bool) -> QuerySet[Vote]:
    """Votes that count in the ranking only, in the order they were given."""
    counted = counted_votes(study, question, rehearsal=rehearsal).filter(assignment__slot__adaptive=True)
    return _filtered(counted, study, wanted)


def set_aside_list(study: Study, question: Question, wanted: VotesWanted, *, rehearsal: bool) -> list[SetAsideVote]:
    """Answers to main trials that do not count, in the order they were given."""
    counted = counted_votes(study, question, rehearsal=rehearsal)
    answers = main_answers(study, question, rehearsal=rehearsal).exclude(pk__in=counted.values("pk"))
    ledger = exclusion_ledger(study)
    found = [
        SetAsideVote(vote, tuple(ledger.why_not(vote.assignment)) or ((REPLACED, "Its place was given to another."),))
        for vote in _filtered(answers, study, wanted)
    ]
    return [row for row in found if wanted.rule in ("", row.reasons[0][0])]


def _filtered(votes: QuerySet[Vote], study: Study, wanted: VotesWanted) -> QuerySet[Vote]:
    votes = votes.select_related(*_SHOWN).order_by("pk")
    if wanted.contrast:
        known = {str(row): row.pk for row in study.contrasts.all()}
        votes = votes.filter(assignment__slot__comparison__contrast=known.get(wanted.contrast, 0))
    if wanted.speaker:
        votes = votes.filter(assignment__item__speaker__key=wanted.speaker)
    if wanted.evaluator:
        votes = votes.filter(assignment__session__pseudonym=wanted.evaluator)
    if wanted.chosen == "treatment":
        votes = votes.filter(choice=F(_TREATMENT_SIDE))
    elif wanted.chosen == "tie":
        votes = votes.filter(choice=Choice.TIE)
    elif wanted.chosen == "control":
        votes = votes.exclude(choice=Choice.TIE).exclude(choice=F(_TREATMENT_SIDE))
    return votes
