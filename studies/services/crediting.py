"""Crediting: SONA is told who has finished, so that nobody's credit hangs on a button that they did not press."""

from datetime import datetime

from django.db.models import QuerySet

from studies.models import Platform, Recruitment, Submission, SubmissionStatus
from studies.platforms.calling import Refused
from studies.platforms.sona_api import grant_credit

from .recruiting import follow, told_of

ADDRESS = "server_credit_address"


def to_credit() -> QuerySet[Submission]:
    """Those who have finished on SONA and of whom it was not told yet, where it can be."""
    there = Submission.objects.filter(recruitment__platform=Platform.SONA, recruitment__options__has_key=ADDRESS)
    return there.filter(status=SubmissionStatus.ACTIVE, session__finished_at__isnull=False)


def credit_finished(recruitment: Recruitment, *, at: datetime) -> int:
    """Ask for the credit of everyone who has finished, once. Granted: approved; refused: left to the researcher.

    Returns  how many were granted
    Raises   TryLater; who was credited before stays so
    """
    granted = 0
    for submission in to_credit().filter(recruitment=recruitment).select_related("session__evaluator").order_by("pk"):
        survey_code = told_of(submission.session.evaluator, at=at).get("submission", "")
        if not survey_code:  # its retention has ended
            continue
        try:
            grant_credit(recruitment.options[ADDRESS], survey_code)
            status, granted = SubmissionStatus.APPROVED, granted + 1
        except Refused:
            status = SubmissionStatus.AWAITING
        follow(recruitment, survey_code, status, said_at=at, at=at, by="api")
    return granted
