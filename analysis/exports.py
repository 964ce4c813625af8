"""Votes and trials as tables, one row each. docs/data-dictionary.md describes every column."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from retrieval.csv_lines import csv_lines
from studies.coverage import viewing
from studies.models import Assignment, Contrast, Study, Vote
from studies.playing import MEASURES, playing

from .records import ExclusionLedger, answers_of, exclusion_ledger, timelines_s, trials_of

PAIR = ("contrast", "item", "treatment", "control", "left_condition", "right_condition")
WATCHED = (
    "reloads", "speaker_coverage", "left_coverage", "right_coverage",
    "speaker_plays", "left_plays", "right_plays",
)  # fmt: skip
SET_ASIDE = ("excluded", "exclusion_reason", "rehearsal", "exclusion_detail", "adaptive")
ADDED = ("reasons", "comment", "decided_s")

VOTE_COLUMNS = (
    "study", "question", *PAIR,
    "chosen_side", "chosen_condition", "preferred_treatment", "strength",
    "evaluator", "session", "trial_index", "kind", "shown_at", "voted_at", "rt_ms",
    *WATCHED, *SET_ASIDE, *MEASURES, *ADDED,
)  # fmt: skip
TRIAL_COLUMNS = (
    "study", *PAIR,
    "evaluator", "session", "trial_index", "kind", "state",
    "dealt_at", "began_at", "shown_at", "ended_at", "failure_reason", "consent_version",
    *WATCHED, *SET_ASIDE, *MEASURES,
)  # fmt: skip


def votes_csv(study: Study, *, with_rehearsal: bool, with_comments: bool = False) -> Iterator[str]:
    """One line an answer, with a header; lines come as they are read."""
    return csv_lines(VOTE_COLUMNS, vote_rows(study, with_rehearsal=with_rehearsal, with_comments=with_comments))


def trials_csv(study: Study, *, with_rehearsal: bool) -> Iterator[str]:
    """One line a trial whatever became of it, with a header; lines come as they are read."""
    return csv_lines(TRIAL_COLUMNS, _trial_rows(study, with_rehearsal))


def blind_trials_csv(study: Study, *, with_rehearsal: bool) -> Iterator[str]:
    """The same for who may not see results: without the reasons in sentences, which can tell what was chosen."""
    blank = {"exclusion_detail": ""}
    return csv_lines(TRIAL_COLUMNS, (row | blank for row in _trial_rows(study, with_rehearsal)))


@dataclass(frozen=True)
class _Context:
    study: Study
    ledger: ExclusionLedger
    lengths: dict[int, float]


def vote_rows(
    study: Study, *, with_rehearsal: bool, with_comments: bool = False
) -> Iterator[dict[str, object]]:
    """One row an answer, by the names of VOTE_COLUMNS: session by session, in the order of trials and questions.

    with_comments  with what evaluators wrote: free text that may tell who they are, so not for every reader of votes
    """
    context = _Context(study, exclusion_ledger(study), timelines_s(study))
    for vote in answers_of(study, with_rehearsal=with_rehearsal):
        trial = vote.assignment
        chosen = _chosen_condition(vote)
        yield _shared(trial, context) | {
            "question": vote.question.key,
            "chosen_side": vote.choice,
            "chosen_condition": chosen,
            "preferred_treatment": _preferred(vote, chosen),
            "strength": vote.strength,
            "voted_at": export_time(vote.voted_at),
            "rt_ms": vote.rt_ms,
            **_added(vote, with_comments),
        }


def _trial_rows(study: Study, with_rehearsal: bool) -> Iterator[dict[str, object]]:
    context = _Context(study, exclusion_ledger(study), timelines_s(study))
    for trial in trials_of(study, with_rehearsal=with_rehearsal):
        yield _shared(trial, context) | {
            "state": trial.state,
            "dealt_at": export_time(trial.dealt_at),
            "began_at": export_time(trial.began_at),
            "ended_at": export_time(trial.ended_at),
            "failure_reason": trial.failure_reason,
            "consent_version": trial.consent.version.version if trial.consent else None,
        }


def _shared(trial: Assignment, context: _Context) -> dict[str, object]:
    contrast = _contrast_of(trial)
    watched = viewing(trial.views, length_s=context.lengths[trial.item_id])
    why_not = context.ledger.why_not(trial)
    return {
        "study": context.study.key,
        "contrast": f"{contrast.treatment}:{contrast.control}" if contrast else None,
        "item": trial.item.speaker.key,
        "treatment": contrast.treatment if contrast else None,
        "control": contrast.control if contrast else None,
        "left_condition": trial.left.condition,
        "right_condition": trial.right.condition,
        "evaluator": trial.session.pseudonym,
        "session": trial.session_id,
        "trial_index": trial.position,
        "kind": trial.kind,
        "shown_at": export_time(trial.shown_at),
        "reloads": watched.reloads,
        **{f"{part}_coverage": round(share, 4) for part, share in watched.coverage.items()},
        **{f"{part}_plays": plays for part, plays in watched.plays.items()},
        **playing(trial.views),
        "excluded": bool(why_not),
        "exclusion_reason": "; ".join(rule for rule, _ in why_not),
        "exclusion_detail": "; ".join(reason for _, reason in why_not),
        "rehearsal": trial.session.rehearsal,
        "adaptive": bool(trial.slot and trial.slot.adaptive),
    }


def _added(vote: Vote, with_comments: bool) -> dict[str, object]:
    remark = getattr(vote.assignment, "remark", None)
    if remark is None:
        return dict.fromkeys(ADDED)
    ticked = ";".join(remark.reasons.get(vote.question.key, []))
    comment = remark.comment if with_comments else ""
    return {"reasons": ticked, "comment": comment, "decided_s": remark.decided_s}


def _contrast_of(trial: Assignment) -> Contrast | None:
    """A retest repeats a main trial's pair; practice and checks belong to no contrast."""
    slot = trial.slot or (trial.retest_of.slot if trial.retest_of else None)
    return slot.comparison.contrast if slot else None


def _chosen_condition(vote: Vote) -> str | None:
    shown = {"left": vote.assignment.left, "right": vote.assignment.right}
    return shown[vote.choice].condition if vote.choice in shown else None


def _preferred(vote: Vote, chosen: str | None) -> float | int | None:
    contrast = _contrast_of(vote.assignment)
    if contrast is None:
        return None
    return 0.5 if chosen is None else int(chosen == contrast.treatment)


def export_time(at: datetime | None) -> str | None:
    """ISO 8601 in UTC to the millisecond, as 2026-11-22T21:43:13.120Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
