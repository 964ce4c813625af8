"""Rehearsals: simulated evaluators through the real services, on a rehearsal's own slots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from studies.models import (
    Assignment,
    Choice,
    Evaluator,
    ItemKind,
    Question,
    QuestionForm,
    Session,
    Slot,
    Study,
    TrialKind,
)
from studies.queries import timeline_s
from studies.simulating import (
    ADDED_COMMENTS,
    ADDED_MOMENTS,
    ADDED_REASONS,
    CARELESS_CHECKS,
    CARELESS_LEFT,
    CARELESS_WATCHED,
    SIMULATED_COMMENT,
    Crowd,
)
from studies.texts import consent_in_force

from .deals import deal_study, keep_trials, shown_again
from .entering import answer_rightly
from .launches import CannotLaunch
from .locks import locked_study
from .remarks import Added
from .sessions import Stage, agree, begin_trials, start_session
from .votes import Answer, View, cast_vote


@dataclass(frozen=True)
class Rehearsal:
    """What became of a rehearsal: how many came, finished, left early or found nothing to do; votes cast."""

    evaluators: int
    finished: int
    left_early: int
    turned_away: int
    votes: int


def rehearse_study(study_id: int, **arguments: Any) -> Rehearsal:
    """Play simulated evaluators on the rehearsal's slots, one after another: `play_evaluators` has the arguments."""
    return rehearsal_of(study_id, list(play_evaluators(study_id, **arguments)))


def play_evaluators(
    study_id: int, *, evaluators: int, at: datetime, seed: int = 0, **behaviour: Any
) -> Iterator[Stage]:
    """The same one by one, for who does something between two of them. An earlier rehearsal is deleted first.

    at         when the first arrives; the others follow at intervals longer than a lease
    behaviour  how they answer: the fields of `studies.simulating.Crowd`
    Yields     the stage that each ends at
    Raises     ValueError for a share out of range or an unknown condition; CannotLaunch without stimuli
    """
    study = Study.objects.get(pk=study_id)
    crowd = Crowd(**behaviour)
    if problems := crowd.problems(set(study.stimuli.values_list("condition", flat=True))):
        raise ValueError("\n".join(problems))
    items = study.items.filter(kind=ItemKind.MAIN).count()
    if not items or study.trials_per_session > items:
        raise CannotLaunch([f"Study '{study.key}' has {items} items for {study.trials_per_session} trials a session."])
    clear_rehearsal(study_id)
    with locked_study(study_id) as locked:
        deal_study(locked, rehearsal=True)
    rng = Random(seed)
    for number in range(evaluators):
        leaves_after = rng.randrange(study.trials_per_session) if rng.random() < crowd.dropout else None
        arrives = at + number * between_arrivals(study)
        evaluator = _Simulated(crowd, seed, number, leaves_after, rng)
        try:
            yield _play_one(study, evaluator, at=arrives)
        except ObjectDoesNotExist:
            raise ValueError(
                f"Another rehearsal of '{study.key}' began and deleted this one. Let it end, then rehearse again."
            ) from None


def between_arrivals(study: Study) -> timedelta:
    """How long after another a simulated evaluator comes: longer than a session and its lease."""
    return timedelta(hours=3, minutes=study.lease_minutes)


def rehearsal_of(study_id: int, stages: Sequence[Stage]) -> Rehearsal:
    """What became of evaluators who ended at these stages."""
    return Rehearsal(
        evaluators=len(stages),
        finished=stages.count(Stage.THANKS),
        left_early=stages.count(Stage.TRIAL),
        turned_away=sum(stages.count(stage) for stage in (Stage.FULL, Stage.WAITING, Stage.SCREENED_OUT)),
        votes=Assignment.objects.filter(
            session__study=study_id, session__rehearsal=True, kind=TrialKind.MAIN, votes__isnull=False
        ).distinct().count(),
    )


def clear_rehearsal(study_id: int) -> int:
    """Delete a study's rehearsal: its sessions, trials, votes and slots. Nothing else is touched.

    Returns  how many sessions went
    """
    with locked_study(study_id) as study, transaction.atomic():
        sessions = Session.objects.filter(study=study, rehearsal=True)
        evaluators = list(sessions.values_list("evaluator", flat=True))
        gone = len(evaluators)
        trials = Assignment.objects.filter(session__in=sessions)
        slots = Slot.objects.filter(comparison__contrast__study=study, rehearsal=True)
        trials.update(consent=None)
        # Trials point to slots and replacement slots to trials: cut the slots' end first.
        slots.update(replaces=None)
        trials.delete()
        slots.delete()
        sessions.delete()
        Evaluator.objects.filter(pk__in=evaluators, sessions__isnull=True).delete()
        return gone


class _Simulated:
    """One simulated evaluator. Draws that only some crowds need have generators of their own, so that the others'
    answers stay what they were."""

    def __init__(self, crowd: Crowd, seed: int, number: int, leaves_after: int | None, rng: Random) -> None:
        self.crowd, self.seed, self.leaves_after, self.rng = crowd, seed, leaves_after, rng
        self.identity = f"{seed}:{number}"
        own = Random(f"{seed}:evaluator:{number}")
        self.place = own.gauss(0, 1)
        self.careless = own.random() < crowd.careless
        self.own = own

    def watched(self) -> float:
        """The share of each video that is watched."""
        return CARELESS_WATCHED if self.careless else 1.0

    def choose(self, trial: Assignment, form: str) -> Answer:
        """Left, right or a tie, by the preference for the treatment; a check's known answer is given if looked at."""
        left, right = trial.left.condition, trial.right.condition
        compared = trial.slot or (trial.retest_of.slot if trial.retest_of else None)
        if compared is not None:
            treatment, control = compared.comparison.treatment.condition, compared.comparison.control.condition
            speaker = Random(f"{self.seed}:speaker:{trial.item.position}").gauss(0, 1)
            share = self.crowd.share_for(treatment, control, speaker=speaker, evaluator=self.place)
            chosen = treatment if self.rng.random() < share else control
        else:
            chosen = trial.item.correct_condition or self.rng.choice([left, right])
        side = Choice.LEFT if chosen == left else Choice.RIGHT
        is_check = trial.kind in (TrialKind.CATCH, TrialKind.ATTENTION)
        if self.careless:
            one_sided = Choice.LEFT if self.own.random() < CARELESS_LEFT else Choice.RIGHT
            side = side if is_check and self.own.random() < CARELESS_CHECKS else one_sided
        elif not is_check and self.crowd.left_bias and self.own.random() < self.crowd.left_bias:
            side = Choice.LEFT
        if form != QuestionForm.FORCED and not is_check and self.crowd.ties and self.own.random() < self.crowd.ties:
            side = Choice.TIE
        strong = form == QuestionForm.STRENGTH and side != Choice.TIE
        return Answer(side, self.rng.choice([1, 2]) if strong else None)

    def add(self, trial: Assignment, questions: Sequence[Question], study: Study, length_s: float) -> Added:
        """Reasons, a comment and a press at random; the presses of one speaker's clip lie around one place."""
        if self.careless:
            return Added()
        own = Random(f"{self.identity}:added:{trial.position}")
        ticked = {q.key: [r["key"] for r in q.reasons if own.random() < ADDED_REASONS] for q in questions}
        comment = SIMULATED_COMMENT if study.asks_comment and own.random() < ADDED_COMMENTS else ""
        decided_s = None
        if study.asks_when and own.random() < ADDED_MOMENTS:
            place = Random(f"{self.seed}:moment:{trial.item.position}").uniform(0.2, 0.8)
            decided_s = length_s * min(max(own.gauss(place, 0.1), 0.0), 1.0)
        return Added(ticked, comment, decided_s)


def _play_one(study: Study, evaluator: _Simulated, *, at: datetime) -> Stage:
    """One simulated evaluator from arrival to thanks, or to where they leave. Returns the stage they end at."""
    identity = f"{study.key}:{evaluator.identity}"
    session = start_session(study.pk, at=at, platform="rehearsal", identity=identity, rehearsal=True)
    text = consent_in_force(study)
    if text:
        agree(session.pk, version=text.version, at=at, age=study.least_age)
    if study.entry_questions.exists():
        answer_rightly(session.pk, at=at)
        begin_trials(session.pk, at=at)
        answer_rightly(session.pk, at=at)
    place = begin_trials(session.pk, at=at)
    _add_retests(session, evaluator.crowd.retests, at=at)
    questions = list(study.questions.all())
    answered = 0
    while place.stage == Stage.TRIAL:
        trial = place.assignment
        if trial.kind == TrialKind.MAIN and answered == evaluator.leaves_after:
            return Stage.TRIAL
        length_s = timeline_s(trial.item)
        rt_ms = round(1000 * length_s + evaluator.rng.lognormvariate(7.5, 0.5))
        at += timedelta(milliseconds=rt_ms + 400)
        seen = {part: [[0.0, round(length_s * evaluator.watched(), 3)]] for part in ("speaker", "left", "right")}
        view = View(page="rehearsal", watched=seen, plays=dict.fromkeys(seen, 1), shown_ago_ms=rt_ms)
        answers = {q.key: evaluator.choose(trial, q.form) for q in questions}
        answered += trial.kind == TrialKind.MAIN
        added = evaluator.add(trial, questions, study, length_s)
        place = cast_vote(session.pk, trial.key, answers, added=added, at=at, rt_ms=rt_ms, view=view)
    return place.stage


def _add_retests(session: Session, count: int, *, at: datetime) -> None:
    """Promise the session its first pairs again after its last trial, sides swapped."""
    first = session.assignments.filter(kind=TrialKind.MAIN).order_by("position")[:count]
    keep_trials(session, shown_again(first), at=at)
