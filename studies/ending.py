"""How a session ends for the platform that sent its evaluator: which code is due, and the way back.

The completion path asks no platform anything: it works while theirs is down. Pay is never lost by a fault of ours.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError
from django.urls import reverse

from studies.models import Recruitment, Session, StudyState, Submission
from studies.platforms import adapter_of, mturk
from studies.queries import has_worked
from studies.services.recruiting import newest_recruitment, note_ending, told_of
from studies.services.sessions import Stage, resume

logger = logging.getLogger(__name__)
COMPLETION, SCREEN_OUT, FAILED_CHECK = "completion", "screen_out", "failed_check"
# Where a session that had begun stands when no trial is left for it.
STOPPED = frozenset({Stage.FULL, Stage.MET, Stage.UNPLAYABLE})


@dataclass(frozen=True)
class Ending:
    """which: of the codes is due, empty where none is. address: the platform's way back, or one of ours, or empty."""

    which: str = ""
    code: str = ""
    address: str = ""


NO_ENDING = Ending()


def ending_of(session: Session, *, at: datetime, is_stopped: bool = False) -> Ending:
    """The code that is due to this session now, and the way back. Never raises.

    is_stopped  it came to a page of STOPPED: nothing is left to be done, through no fault of the evaluator
    Completion is due to whoever has finished, or has worked when the study closed. Failed-check only by attention
    checks, as the platforms' rule of two allows, and where the recruitment has such a code; else it is completion.
    """
    try:
        ending = _ending(session, at=at, is_stopped=is_stopped)
    except Exception:  # whatever failed here is ours, and who has worked is paid
        logger.exception("The way back of a session of study %s could not be worked out.", session.study_id)
        ending = Ending(COMPLETION, _own_code(session, COMPLETION)) if session.finished_at else Ending()
    if ending.which:
        try:
            note_ending(session.pk, which=ending.which, at=at)
        except DatabaseError:
            logger.exception("Which code a session of study %s was shown is not kept.", session.study_id)
    return ending


@dataclass(frozen=True)
class HandInForm:
    """What a platform takes as a form: where it is sent, to which site, and its fields."""

    action: str
    site: str
    fields: dict[str, str]


def hand_in_form(session: Session, *, at: datetime) -> HandInForm | None:
    """The form of a session that is handed in so, once its code is due; None for every other. Never raises."""
    ending = ending_of(session, at=at, is_stopped=resume(session.pk, at=at).stage in STOPPED)
    if not ending.code or ending.address != reverse("studies:hand_in", args=[session.token]):
        return None
    told = told_of(session.evaluator, at=at)
    return HandInForm(
        action=told["address"] + mturk.SUBMIT,
        site=told["address"],
        fields={"assignmentId": told["submission"], "code": ending.code},
    )


def _ending(session: Session, *, at: datetime, is_stopped: bool) -> Ending:
    submission = Submission.objects.filter(session=session).select_related("recruitment").first()
    # Of a platform without ids of submissions the newest speaks.
    study, platform = session.study_id, session.evaluator.platform
    recruitment = submission.recruitment if submission else newest_recruitment(study, platform)
    which = _which(session, recruitment, is_stopped=is_stopped)
    if not which:
        return Ending()
    if recruitment is None:
        return Ending(which, _own_code(session, which))
    code = {
        COMPLETION: recruitment.completion_code or session.completion_code,
        SCREEN_OUT: recruitment.screen_out_code,
        FAILED_CHECK: recruitment.failed_check_code,
    }[which]
    return Ending(which, code, _way_back(session, recruitment, code, at=at))


def _way_back(session: Session, recruitment: Recruitment, code: str, *, at: datetime) -> str:
    try:
        told, hand_in = told_of(session.evaluator, at=at), reverse("studies:hand_in", args=[session.token])
        return adapter_of(recruitment.platform).return_address(recruitment, code, told=told, hand_in=hand_in)
    except Exception:  # the code alone is enough to be paid
        logger.exception("Recruitment %s has no way back.", recruitment.key)
        return ""


def _which(session: Session, recruitment: Recruitment | None, *, is_stopped: bool) -> str:
    is_over = is_stopped or session.study.state == StudyState.CLOSED
    if session.finished_at or (is_over and has_worked(session)):
        has_code = recruitment is not None and recruitment.failed_check_code
        return FAILED_CHECK if has_code and _may_be_refused(session) else COMPLETION
    return SCREEN_OUT if session.screened_out_at or is_stopped else ""


def _may_be_refused(session: Session) -> bool:
    try:
        from studies.check_queries import attention_of
        from studies.checks import may_refuse_pay

        attention = attention_of(session)
        return may_refuse_pay(attention.shown, attention.failed)
    except Exception:  # nobody's pay is refused by what could not be worked out
        logger.exception("The attention checks of a session of study %s could not be read.", session.study_id)
        return False


def _own_code(session: Session, which: str) -> str:
    """Who came by an open link is known to no platform: the session's own code says that they were here."""
    return session.completion_code if which == COMPLETION else ""
