"""A HIT for a study on Mechanical Turk: made once, followed, and paid to those who finished."""

from collections.abc import Iterator
from datetime import datetime

from studies.ending import COMPLETION
from studies.models import Platform, Recruitment, Submission, SubmissionStatus
from studies.platforms import mturk_api
from studies.platforms.protocol import Listed

from .recruiting import CannotRecruit, follow, reference_hash


def make_hit(recruitment: Recruitment, page: str, *, minutes: int, days: int, is_real: bool) -> Recruitment:
    """Make the HIT of a recruitment that has none; pressed twice, it is made once.

    page    the recruitment's own address from outside
    Raises  CannotRecruit; NoCredentials, Refused, TryLater
    """
    study = recruitment.study
    if recruitment.platform != Platform.MTURK:
        raise CannotRecruit(f"'{recruitment.key}' is not on Mechanical Turk.")
    if recruitment.external_study:
        raise CannotRecruit(f"'{recruitment.key}' has its HIT already.")
    if not recruitment.places or not recruitment.reward or recruitment.currency != "USD":
        raise CannotRecruit("A HIT needs --places, --reward and --currency USD when the recruitment is made.")
    if not page.startswith("https://"):
        raise CannotRecruit("Mechanical Turk shows pages by https only: give --site https://YOUR-SITE.")
    recruitment.external_study = mturk_api.make_hit(
        page,
        token=f"realtalk-{recruitment.pk}-{recruitment.created_at:%Y%m%d%H%M%S}",
        title=study.title[:128],
        description=(study.introduction or study.title)[:2000],
        places=recruitment.places,
        reward=recruitment.reward,
        minutes=minutes,
        days=days,
        is_real=is_real,
    )
    recruitment.options = {**recruitment.options, "is_real": is_real}
    recruitment.save(update_fields=["external_study", "options"])
    return recruitment


def follow_hit(recruitment: Recruitment, *, at: datetime) -> int:
    """Ask for every assignment and follow it. Returns how many changed. Raises as `make_hit`."""
    outcomes = [
        follow(recruitment, one.reference, one.status, said_at=one.at or at, at=at, by="api")
        for one in _listed(recruitment)
    ]
    return sum(outcome.startswith("now ") for outcome in outcomes)


def approve_finished(recruitment: Recruitment, *, at: datetime) -> int:
    """Approve what was handed in with the completion code, and follow it. Returns how many. Raises as `make_hit`."""
    due = {
        one.reference_hash
        for one in Submission.objects.filter(recruitment=recruitment, code_given=COMPLETION)
    }
    approved = 0
    for one in _listed(recruitment):
        if one.status == SubmissionStatus.AWAITING and reference_hash(recruitment, one.reference) in due:
            mturk_api.approve(one.reference, is_real=recruitment.options.get("is_real", False))
            approved_at = one.at or at
            follow(recruitment, one.reference, SubmissionStatus.APPROVED, said_at=approved_at, at=at, by="api")
            approved += 1
    return approved


def _listed(recruitment: Recruitment) -> Iterator[Listed]:
    if not recruitment.external_study:
        raise CannotRecruit(f"'{recruitment.key}' has no HIT yet.")
    return mturk_api.assignments_of(recruitment.external_study, is_real=recruitment.options.get("is_real", False))
