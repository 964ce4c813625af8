"""A session's way through a study: arrive, consent, begin, come back, finish."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from studies.entry import PRACTICE
from studies.entry_queries import has_group_places, may_group_have_places, questions_due, trials_left_to_group
from studies.listed import is_barred
from studies.met import has_met_all
from studies.models import (
    Assignment,
    AssignmentState,
    Consent,
    ConsentVersion,
    EntryKind,
    Evaluator,
    Session,
    Study,
    StudyState,
    TrialKind,
)
from studies.queries import adaptive_slots, current_assignment, has_worked, live_leases, slots_to_deal
from studies.texts import consent_in_force

from .deals import deal_session
from .leases import close_held_slots, expire_leases
from .locks import locked_session, locked_study
from .practising import ROUNDS, has_passed, practice_rounds, practise_again


class Stage(StrEnum):
    CONSENT = "consent"
    ENTRY = "entry"
    CHECK = "check"
    INSTRUCTIONS = "instructions"
    TRIAL = "trial"
    WAITING = "waiting"
    THANKS = "thanks"
    SCREENED_OUT = "screened_out"
    FULL = "full"
    UNPLAYABLE = "unplayable"
    MET = "met"
    GIVEN_BACK = "given_back"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True)
class Place:
    """Where a session is: its stage, and its trial where the stage is TRIAL."""

    stage: Stage
    assignment: Assignment | None = None


class StudyNotOpen(Exception):
    """The study takes no evaluators now; `state` says which state it is in."""

    def __init__(self, state: StudyState):
        super().__init__(f"The study is {state}.")
        self.state = state


class NotListed(Exception):
    """A list keeps this evaluator out of the study."""


class ConsentChanged(Exception):
    """The text agreed to is not the one in force."""


class AgeNotConfirmed(Exception):
    """The study has a least age, and the evaluator did not say to be of it."""


def keyed_hash(text: str) -> str:
    """HMAC-SHA-256 of a text under the site's secret key, in hex."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def identity_hash(platform: str, identity: str) -> str:
    """What an evaluator is known by: the keyed hash of a platform and the id there."""
    return keyed_hash(f"evaluator:{platform}:{identity}")


def evaluator_for(platform: str, identity: str, *, at: datetime) -> Evaluator:
    """The evaluator with this id on this platform, made when met first. The id itself is not kept here.

    Locked until the transaction ends, so that a withdrawal from another study does not delete the row meanwhile.
    """
    named = {"identity_hash": identity_hash(platform, identity)}
    while True:
        Evaluator.objects.get_or_create(**named, defaults={"platform": platform, "created_at": at})
        if evaluator := Evaluator.objects.select_for_update(no_key=True).filter(**named).first():
            return evaluator


def start_session(
    study_id: int,
    *,
    at: datetime,
    platform: str = "link",
    identity: str | None = None,
    rehearsal: bool = False,
    language: str = "",
) -> Session:
    """A session for someone who arrives: a new one, or their own if they were here before.

    identity  the platform's id; None on an open link, where each arrival is a new person as far as known
    language  of its pages; empty for the study's own
    Raises    StudyNotOpen, NotListed (never for a rehearsal)
    """
    token = secrets.token_urlsafe(24)
    with locked_study(study_id) as study:
        evaluator = evaluator_for(platform, identity if identity is not None else token, at=at)
        known = Session.objects.filter(study=study, evaluator=evaluator).first()
        if known:
            return known
        if study.state != StudyState.OPEN and not rehearsal:
            raise StudyNotOpen(StudyState(study.state))
        if not rehearsal and is_barred(study, evaluator.identity_hash):
            raise NotListed
        # Who comes again after a withdrawal is not to be found in what was exported before it.
        named_by = evaluator.identity_hash if rehearsal else token
        return Session.objects.create(
            study=study,
            evaluator=evaluator,
            token=token,
            pseudonym="e" + _short_code(f"pseudonym:{study.key}:{named_by}", 10),
            completion_code=_short_code(f"completion:{token}", 8).upper(),
            rehearsal=rehearsal,
            language=language,
            started_at=at,
            last_active_at=at,
        )


def set_language(session_id: int, language: str) -> None:
    """The language of a session's pages from now on; the caller has looked whether the study offers it."""
    Session.objects.filter(pk=session_id).update(language=language)


def agree(
    session_id: int, *, version: int, at: datetime, language: str | None = None, age: int | None = None
) -> Consent:
    """Record agreement to one version of the consent text.

    language  the one that it was read in, where the page tells: another tab may have changed the session's
    age       the evaluator says to be of this age or older; None where nothing is said
    Raises    ConsentChanged if that is not the text in force; AgeNotConfirmed
    """
    with locked_session(session_id) as session:
        study = session.study
        in_force = consent_in_force(study, session.language)
        if in_force is None or in_force.version != version or language not in (None, in_force.language):
            raise ConsentChanged
        if study.least_age is not None and (age is None or age < study.least_age):
            raise AgeNotConfirmed
        touch(session, at=at)
        consent, _ = Consent.objects.get_or_create(
            session=session, version=in_force, defaults={"agreed_at": at}
        )
        return consent


def decline(session_id: int, *, at: datetime) -> Place:
    """The evaluator does not agree to a text that has changed: whoever has worked is thanked, with the code for it."""
    with locked_session(session_id) as session:
        place = resume(session_id, at=at)
        session.refresh_from_db()
        if place.stage != Stage.CONSENT or not has_worked(session):
            return place
        _give_back(session, at=at)
        return _finish(session, at=at)


def keep_device_check(session_id: int, told: dict[str, Any], *, at: datetime) -> Session:
    """Keep what the page told of sound and screen, as `studies.api.DeviceReport` has it; the first word stands."""
    with locked_session(session_id) as session:
        touch(session, at=at)
        if session.checked_at is None:
            session.device_checks = told
            session.checked_at = at
            session.save(update_fields=["device_checks", "checked_at"])
    return session


def begin_trials(session_id: int, *, at: datetime) -> Place:
    """The evaluator has read the instructions: deal the trials and begin the first."""
    with locked_session(session_id) as session:
        is_due = session.instructed_at is None and _consent_to_show(session) is None
        if is_due and not questions_due(session):
            session.instructed_at = at
            session.save(update_fields=["instructed_at"])
        return resume(session_id, at=at)


def resume(session_id: int, *, at: datetime) -> Place:
    """Where the session is now. Renews its leases; deals where it has nothing to do; begins its next trial."""
    with locked_session(session_id) as session:
        expire_leases(session.study, at=at, rehearsal=session.rehearsal)
        touch(session, at=at)
        return place_of(session, at=at)


def place_of(session: Session, *, at: datetime) -> Place:
    """As `resume`, for a session that was just touched. Call under the study's lock."""
    study = session.study
    if session.finished_at:
        return Place(Stage.THANKS)
    if session.screened_out_at:
        return Place(Stage.SCREENED_OUT)
    if study.state == StudyState.CLOSED and not session.rehearsal:
        return _finish(session, at=at) if has_worked(session) else Place(Stage.CLOSED)
    current = current_assignment(session)
    if current is not None and current.began_at is not None:
        return Place(Stage.TRIAL, current)
    if study.state != StudyState.OPEN and not session.rehearsal:
        return Place(Stage.PAUSED)
    if current is None and session.returned_at is not None:
        return _without_trials(session, at=at)
    if _consent_to_show(session) is not None:
        return Place(Stage.CONSENT)
    before = _before_trials(session)
    # Where a group has so many places, its trials are promised before anything else is read: nobody reads
    # instructions for a place that another one takes meanwhile.
    if before and not has_group_places(session):
        return Place(before)
    if current is None:
        deal_session(session, at=at)
        current = current_assignment(session)
    if current is None:
        return _without_trials(session, at=at)
    return Place(before) if before else _trial_due(session, current, at=at)


def _trial_due(session: Session, trial: Assignment, *, at: datetime) -> Place:
    """The trial, begun; or what comes in its place, where practice was not passed or a retest has nothing to repeat."""
    if trial.kind == TrialKind.RETEST and trial.retest_of.state != AssignmentState.ANSWERED:
        trial.state, trial.ended_at = AssignmentState.RETURNED, at
        trial.save(update_fields=["state", "ended_at"])
        return place_of(session, at=at)
    if session.study.practice_pass_mark and trial.kind != TrialKind.PRACTICE and not _has_begun_trials(session):
        rounds = practice_rounds(session)
        if not has_passed(session, rounds):
            if len(rounds) == ROUNDS:
                screen_out(session, why=PRACTICE, at=at)
                return Place(Stage.SCREENED_OUT)
            trial = practise_again(session, rounds, at=at)
    return Place(Stage.TRIAL, _begin(trial, at=at))


def _has_begun_trials(session: Session) -> bool:
    return session.assignments.filter(began_at__isnull=False).exclude(kind=TrialKind.PRACTICE).exists()


def screen_out(session: Session, *, why: str, at: datetime) -> None:
    """End a session that may not take part: it holds no trial any more. Call under the study's lock.

    why  the key of the entry question that ended it, or `studies.entry.PRACTICE`
    """
    if session.screened_out_at is None:
        session.screened_out_at, session.screened_out_why = at, why
        session.save(update_fields=["screened_out_at", "screened_out_why"])
        _give_back(session, at=at)


def _give_back(session: Session, *, at: datetime) -> None:
    """Its trials go to others. Call under the study's lock."""
    live = session.assignments.filter(state=AssignmentState.LIVE)
    live.update(state=AssignmentState.RETURNED, ended_at=at)
    close_held_slots(session.study, at=at)


def _before_trials(session: Session) -> Stage | None:
    """What is to be read or answered before the next trial; None where nothing is."""
    due = questions_due(session)
    if due or session.instructed_at is not None:
        return Stage.ENTRY if due else None
    is_due = session.study.checks_devices and session.checked_at is None and not session.rehearsal
    return Stage.CHECK if is_due else Stage.INSTRUCTIONS


def _without_trials(session: Session, *, at: datetime) -> Place:
    """Where a session is that was dealt nothing."""
    if has_worked(session):
        return _finish(session, at=at)
    if session.returned_at is not None:
        return Place(Stage.GIVEN_BACK)
    if session.assignments.filter(state=AssignmentState.FAILED).exists():
        return Place(Stage.UNPLAYABLE)
    if has_met_all(session):
        return Place(Stage.MET)
    if trials_left_to_group(session) == 0:
        if may_group_have_places(session):
            return Place(Stage.WAITING)
        screen_out(session, why=_group_key(session), at=at)
        return Place(Stage.SCREENED_OUT)
    is_waiting = _may_have_places(session.study, rehearsal=session.rehearsal)
    return Place(Stage.WAITING if is_waiting else Stage.FULL)


def _group_key(session: Session) -> str:
    return session.study.entry_questions.values_list("key", flat=True).get(kind=EntryKind.GROUP)


def touch(session: Session, *, at: datetime) -> None:
    """Any activity renews all live leases of the session."""
    if at > session.last_active_at:
        session.last_active_at = at
        session.save(update_fields=["last_active_at"])


def may_take_arrivals(study: Study) -> bool:
    """Whether an arrival can get a trial now or later: see `_may_have_places`."""
    return slots_to_deal(study).exists() or _may_have_places(study)


def _may_have_places(study: Study, *, rehearsal: bool = False) -> bool:
    """Whether there may be slots soon: a lease may still come free, or a batch of adaptive ones is to open."""
    return live_leases(study, rehearsal=rehearsal).exists() or adaptive_slots(study, rehearsal=rehearsal).left > 0


def _begin(assignment: Assignment, *, at: datetime) -> Assignment:
    if assignment.began_at is None:
        assignment.began_at = at
        assignment.consent = assignment.session.consents.order_by("-version__version").first()
        assignment.save(update_fields=["began_at", "consent"])
    return assignment


def _consent_to_show(session: Session) -> ConsentVersion | None:
    in_force = consent_in_force(session.study, session.language)
    if in_force is None or session.consents.filter(version__version=in_force.version).exists():
        return None
    return in_force


def _finish(session: Session, *, at: datetime) -> Place:
    session.finished_at = at
    session.save(update_fields=["finished_at"])
    return Place(Stage.THANKS)


def _short_code(text: str, length: int) -> str:
    digest = bytes.fromhex(keyed_hash(text))
    return base64.b32encode(digest).decode().lower()[:length]
