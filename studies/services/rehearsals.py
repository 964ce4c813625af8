"""Rehearsals: simulated evaluators through the real services, on a rehearsal's own slots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from studies.models import (
    Assignment,
    Choice,
    Evaluator,
    ItemKind,
    QuestionForm,
    Session,
    Slot,
    Study,
    TrialKind,
)
from studies.queries import consent_in_force, timeline_s

from .deals import deal_study
from .launches import CannotLaunch
from .locks import locked_study
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


def rehearse_study(
    study_id: int,
    *,
    evaluators: int,
    preference: Mapping[str, float],
    at: datetime,
    seed: int = 0,
    dropout: float = 0.0,
) -> Rehearsal:
    """Play simulated evaluators on the rehearsal's slots, one after another. An earlier rehearsal is deleted.

    preference  for a condition, the probability in [0, 1] that it is preferred to what it is shown against;
                where both conditions of a pair have one, the treatment's counts; where neither has, 0.5
    dropout     share of evaluators who leave somewhere before their last trial, in [0, 1)
    at          when the first arrives; the others follow at intervals longer than a lease
    Raises      ValueError for a share out of range or an unknown condition; CannotLaunch without stimuli
    """
    study = Study.objects.get(pk=study_id)
    conditions = set(study.stimuli.values_list("condition", flat=True))
    for condition, share in preference.items():
        if condition not in conditions:
            raise ValueError(f"The study has no condition '{condition}'; it has {', '.join(sorted(conditions))}.")
        if not 0 <= share <= 1:
            raise ValueError(f"A preference is a share between 0 and 1; {condition} has {share}.")
    if not 0 <= dropout < 1:
        raise ValueError(f"Drop-out is a share from 0 to below 1; it is {dropout}.")
    items = study.items.filter(kind=ItemKind.MAIN).count()
    if not items or study.trials_per_session > items:
        raise CannotLaunch([f"Study '{study.key}' has {items} items for {study.trials_per_session} trials a session."])
    clear_rehearsal(study_id)
    with locked_study(study_id) as locked:
        deal_study(locked, rehearsal=True)
    outcomes = []
    rng = Random(seed)
    for number in range(evaluators):
        leaves_after = rng.randrange(study.trials_per_session) if rng.random() < dropout else None
        arrives = at + number * timedelta(hours=3, minutes=study.lease_minutes)
        identity = f"{study.key}:{seed}:{number}"
        try:
            outcome = _play_one(study, identity, preference=preference, leaves_after=leaves_after, rng=rng, at=arrives)
        except ObjectDoesNotExist:
            raise ValueError(
                f"Another rehearsal of '{study.key}' began and deleted this one. Let it end, then rehearse again."
            ) from None
        outcomes.append(outcome)
    return Rehearsal(
        evaluators=evaluators,
        finished=outcomes.count(Stage.THANKS),
        left_early=outcomes.count(Stage.TRIAL),
        turned_away=outcomes.count(Stage.FULL) + outcomes.count(Stage.WAITING),
        votes=Assignment.objects.filter(
            session__study=study, session__rehearsal=True, kind=TrialKind.MAIN, votes__isnull=False
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


def _play_one(
    study: Study,
    identity: str,
    *,
    preference: Mapping[str, float],
    leaves_after: int | None,
    rng: Random,
    at: datetime,
) -> Stage:
    """One simulated evaluator from arrival to thanks, or to where they leave. Returns the stage they end at."""
    session = start_session(study.pk, at=at, platform="rehearsal", identity=identity, rehearsal=True)
    text = consent_in_force(study)
    if text:
        agree(session.pk, version=text.version, at=at)
    place = begin_trials(session.pk, at=at)
    questions = list(study.questions.all())
    answered = 0
    while place.stage == Stage.TRIAL:
        trial = place.assignment
        if trial.kind == TrialKind.MAIN and answered == leaves_after:
            return Stage.TRIAL
        length_s = timeline_s(trial.item)
        rt_ms = round(1000 * length_s + rng.lognormvariate(7.5, 0.5))
        at += timedelta(milliseconds=rt_ms + 400)
        seen = {part: [[0.0, round(length_s, 3)]] for part in ("speaker", "left", "right")}
        view = View(page="rehearsal", watched=seen, plays=dict.fromkeys(seen, 1), shown_ago_ms=rt_ms)
        answers = {q.key: _choose(trial, q.form, preference, rng) for q in questions}
        answered += trial.kind == TrialKind.MAIN
        place = cast_vote(session.pk, trial.key, answers, at=at, rt_ms=rt_ms, view=view)
    return place.stage


def _choose(trial: Assignment, form: str, preference: Mapping[str, float], rng: Random) -> Answer:
    """Left or right, by the preference for the treatment; a check's known answer is always given."""
    left, right = trial.left.condition, trial.right.condition
    if trial.slot is not None:
        treatment = trial.slot.comparison.treatment.condition
        control = trial.slot.comparison.control.condition
        share = preference.get(treatment, 1 - preference.get(control, 0.5))
        chosen = treatment if rng.random() < share else control
    else:
        chosen = trial.item.correct_condition or rng.choice([left, right])
    strength = rng.choice([1, 2]) if form == QuestionForm.STRENGTH else None
    return Answer(Choice.LEFT if chosen == left else Choice.RIGHT, strength)

