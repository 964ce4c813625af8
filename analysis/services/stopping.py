"""Looking at a study by its plan's stopping rule, and closing it where the rule says so."""

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail

from analysis.looks import Look
from analysis.models import StopNotice
from analysis.services.exclusions import apply_rules
from analysis.stopping_records import look_at, standing_notice
from studies.models import Study, StudyState
from studies.plans import plan_in_force
from studies.services.launches import close_study
from studies.services.locks import locked_study
from studies.stopping_rules import CLOSE, FIXED

MAIL = """Study {study.key}: {study.title}

{notice}

Its plan leaves this to you: nothing closes by itself. The study's page in the admin closes it. Its report stays hidden
from who may stop it until then, and this message tells no result.
"""


def look_and_act(study_id: int, *, at: datetime) -> Look:
    """Look; where the rule stops the study early, close it or leave its owner a notice, as the plan says.

    Where the plan's exclusion rules apply themselves they do so first. A study that is not open is only looked at.
    Raises  NoLooks, NoQuestion
    """
    with locked_study(study_id) as study:
        is_open = study.state == StudyState.OPEN
        if is_open and plan_in_force(study).applies_rules_itself:
            apply_rules(study, by=None, at=at)
        look = look_at(study)
        if is_open and look.is_early and look.rule.then == CLOSE:
            close_study(study.pk, at=at)
        elif is_open and look.is_early:
            number = look.rule.looks.index(look.stops_at) + 1
            found = {"speakers": look.stops_at, "at": at}
            StopNotice.objects.get_or_create(study=study, look=number, defaults=found)
        return look


def mail_owner(study: Study, *, at: datetime) -> bool:
    """Send the owner the study's standing notice, once; whoever marks it as sent first, sends it.

    Returns  whether it was sent now: not where nothing stands, no e-mail is set up or the owner has no address
    Raises   what the mail server raises; it is not marked as sent then
    """
    notice, owner = standing_notice(study), study.owner
    if notice is None or not settings.EMAIL_HOST or owner is None or not (owner.is_active and owner.email):
        return False
    unsent = StopNotice.objects.filter(pk=notice.pk, mailed_at=None)
    if not unsent.update(mailed_at=at):
        return False
    try:
        send_mail(f"Study {study.key} may stop", MAIL.format(study=study, notice=notice), None, [owner.email])
    except Exception:
        StopNotice.objects.filter(pk=notice.pk).update(mailed_at=None)
        raise
    return True


def studies_that_look() -> list[Study]:
    """Open studies whose plan has a rule that may stop them."""
    return [
        study
        for study in Study.objects.filter(state=StudyState.OPEN).order_by("pk")
        if plan_in_force(study).stopping_rule != FIXED
    ]
