"""Who may see results while a study takes votes: whoever may stop it could stop it at a pleasing moment.

Those who can only view see it live. Those who may stop it see how full it is, until they look anyway: that is a
deviation from the plan, written down with name and time, once a person.
"""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from studies.models import Deviation, Study, StudyState
from studies.services.amendments import record_deviation

MAY_STOP = "studies.change_study"
HIDDEN = (
    "Study '{key}' is taking votes, and this account may stop it: its results are hidden until it is closed. Its "
    "report says how to look anyway."
)
LOOKED = "Looked at the results while the study was taking votes."
UNRECORDED = (
    "Study '{key}' is {state}: these results are a look while votes come in, and no deviation is written down for it."
)


def takes_votes(study: Study) -> bool:
    """Open, or paused and able to open again."""
    return study.state in (StudyState.OPEN, StudyState.PAUSED)


def may_see_results(study: Study, user: AbstractBaseUser) -> bool:
    """Whether this account sees results now; a rehearsal's are shown to all who may view studies."""
    if not takes_votes(study) or not user.has_perm(MAY_STOP):
        return True
    return Deviation.objects.filter(study=study, what=LOOKED, by=user).exists()


def may_read_comments(study: Study, user: AbstractBaseUser) -> bool:
    """What evaluators wrote may tell who they are: only for those who answer for the study, and see its results."""
    return user.has_perm(MAY_STOP) and may_see_results(study, user)


def look_anyway(study: Study, *, by: AbstractBaseUser, at: datetime) -> None:
    """Write down that this person looks; nothing where they may see the results already."""
    if not may_see_results(study, by):
        record_deviation(study.pk, what=LOOKED, by=by, at=at)
