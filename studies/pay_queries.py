"""The pay of a study's recruitments, counted from sessions whenever it is asked for."""

from dataclasses import dataclass

from django.db.models import F, Q

from .models import Platform, Recruitment, Session, Study
from .pay import Pay, pay_for


@dataclass(frozen=True)
class RecruitmentPay:
    recruitment: Recruitment
    pay: Pay

    @property
    def sentence(self) -> str:
        """What it comes to, for a researcher."""
        pay, currency = self.pay, self.recruitment.currency
        if pay.median_minutes is None:
            return "Nobody has finished yet."
        said = f"{pay.median_minutes:.1f} minutes in the median of {pay.sessions} finished"
        if pay.hourly is None:
            return f"{said}; no reward was given."
        return f"{said}: {pay.hourly / 100:.2f} {currency} an hour."

    @property
    def warning(self) -> str:
        """Empty where the pay is not known to be low."""
        if not self.pay.is_low:
            return ""
        lowest = f"{self.recruitment.lowest_hourly / 100:.2f} {self.recruitment.currency}"
        return f"Less than the {lowest} an hour chosen as the least: raise the reward, or pay a bonus."


def sessions_of(recruitment: Recruitment):
    """Its sessions, rehearsals aside."""
    own = Q(submission__recruitment=recruitment) | Q(invitation__recruitment=recruitment)
    if recruitment.platform == Platform.ROOM:
        own |= Q(evaluator__platform=Platform.ROOM)
    return Session.objects.filter(own, study=recruitment.study_id, rehearsal=False)


def pay_of(recruitment: Recruitment) -> RecruitmentPay:
    """By the server's clock, from arrival to the end: reading and consenting is paid time too, and so is a pause.

    A session that ended before it began, by a clock that was set back, has no length.
    """
    times = sessions_of(recruitment).filter(finished_at__gte=F("started_at")).values_list("started_at", "finished_at")
    minutes = [(finished_at - started_at).total_seconds() / 60 for started_at, finished_at in times]
    pay = pay_for(minutes, reward=recruitment.reward, lowest_hourly=recruitment.lowest_hourly)
    return RecruitmentPay(recruitment, pay)


def pay_of_study(study: Study) -> list[RecruitmentPay]:
    return [pay_of(recruitment) for recruitment in study.recruitments.order_by("pk")]
