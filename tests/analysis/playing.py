"""Evaluators who take part through the real services, choosing as they are told."""

from collections.abc import Callable
from datetime import datetime, timedelta

from studies.models import Assignment, Session, Study
from studies.services.launches import open_study
from studies.services.sessions import Stage, begin_trials, start_session
from studies.services.votes import Answer, View, cast_vote
from tests.factories import LENGTH_S, START, make_study

STEP = timedelta(seconds=10)


def opened_study(**settings) -> Study:
    return open_study(make_study(**settings).pk, at=START)


def prefer(condition: str) -> Callable[[Assignment], str]:
    """Always choose this condition, or left where it is not shown."""

    def choose(trial: Assignment) -> str:
        return "right" if trial.right.condition == condition else "left"

    return choose


def watch(page: str = "p1", *, upto_s: float = LENGTH_S) -> View:
    parts = ("speaker", "left", "right")
    watched = {part: [[0.0, upto_s]] for part in parts}
    return View(page, watched, dict.fromkeys(parts, 1), shown_ago_ms=round(1000 * upto_s))


def play_session(
    study: Study,
    choose: Callable[[Assignment], str],
    *,
    at: datetime = START,
    answers: int = 1000,
    rehearsal: bool = False,
) -> Session:
    """One evaluator from arrival on, who gives at most so many answers (practice among them)."""
    session = start_session(study.pk, at=at, rehearsal=rehearsal)
    place = begin_trials(session.pk, at=at)
    while place.stage == Stage.TRIAL and answers:
        at, answers = at + STEP, answers - 1
        chosen = {"appropriate": Answer(choose(place.assignment))}
        place = cast_vote(session.pk, place.assignment.key, chosen, at=at, rt_ms=6500, view=watch())
    session.refresh_from_db()
    return session
