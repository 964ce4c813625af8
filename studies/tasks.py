"""Celery's entry points: each makes one service call."""

import logging

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from .models import Recruitment
from .platforms.calling import NoCredentials, Refused, TryLater, wait_before
from .services import identities
from .services.keeping_in_step import keep_in_step, recruitments_to_ask

logger = logging.getLogger(__name__)
MOST_TRIES = 5


@shared_task
def forget_identities() -> int:
    """Delete the platform ids whose retention has ended. Safe to run twice. Returns how many went."""
    return identities.forget_identities(at=timezone.now())


@shared_task
def ask_platforms() -> None:
    """Send one task for each recruitment whose platform is to be asked; none without credentials."""
    for pk in recruitments_to_ask():
        ask_platform.apply_async([pk], expires=settings.REALTALK_PLATFORM_ASK_S)


@shared_task(bind=True, max_retries=MOST_TRIES)
def ask_platform(self: Task, recruitment_id: int) -> None:
    """Keep one recruitment in step. A platform that is busy or away is asked again, later each time."""
    recruitment = Recruitment.objects.select_related("study").filter(pk=recruitment_id).first()
    if recruitment is None:  # deleted with its study meanwhile
        return
    try:
        keep_in_step(recruitment, at=timezone.now())
    except TryLater as reason:
        if self.request.retries >= MOST_TRIES:
            logger.warning("Recruitment %s: given up for now. %s", recruitment.key, reason)
            return
        raise self.retry(exc=reason, countdown=wait_before(self.request.retries, reason)) from None
    except (NoCredentials, Refused) as reason:
        logger.warning("Recruitment %s is not kept in step: %s", recruitment.key, reason)
