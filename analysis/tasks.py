"""Celery's entry points: each re-reads its rows and makes one service call a study."""

import logging

from celery import shared_task
from django.utils import timezone

from studies.models import Study
from studies.services.adaptive import studies_that_adapt

from .records import NoQuestion
from .services.adaptive import open_due_batch
from .services.exclusions import apply_rules, studies_that_apply_rules
from .services.stopping import look_and_act, mail_owner, studies_that_look
from .stopping_records import NoLooks

logger = logging.getLogger(__name__)


@shared_task
def apply_planned_rules() -> int:
    """Set aside what the rules find in studies whose plan says that they apply themselves.

    Safe to run twice, and to be killed: each study is one transaction, and what is aside is left as it is.
    Returns  how many rows were added
    """
    at, excluded = timezone.now(), 0
    for study in studies_that_apply_rules(at=at):
        try:
            excluded += apply_rules(study, by=None, at=at).excluded
        except NoQuestion as reason:
            logger.info("No rules applied: %s", reason)
    return excluded


@shared_task
def look_at_studies() -> int:
    """Ask the stopping rule of every open study that has one, and do what its plan says.

    Safe to run twice, and to be killed: each study is one transaction, and a look writes nothing but a closing or its
    owner's notice, which is mailed after it.
    Returns  how many rules said stop before their last look
    """
    stopped = 0
    for study in studies_that_look():
        try:
            look = look_and_act(study.pk, at=timezone.now())
        except (NoLooks, NoQuestion) as reason:
            logger.info("Not looked at: %s", reason)
            continue
        if look.is_early:
            stopped += 1
            logger.warning("Study '%s' may stop at %s speakers (then: %s).", study.key, look.stops_at, look.rule.then)
            _mail_owner(study)
    return stopped


def _mail_owner(study: Study) -> None:
    """A mail server that fails keeps no other study from being looked at; the next run tries again."""
    try:
        mail_owner(study, at=timezone.now())
    except Exception:
        logger.exception("The owner of study '%s' was not mailed", study.key)


@shared_task
def open_adaptive_batches() -> int:
    """Open the next batch of adaptive slots wherever one is due.

    Safe to run twice, and to be killed: a batch is one transaction, and an open one makes the next not due.
    Returns  how many slots were opened
    """
    opened = 0
    for study in studies_that_adapt():
        try:
            batch = open_due_batch(study.pk)
        except NoQuestion as reason:
            logger.info("No batch opened: %s", reason)
            continue
        opened += sum(batch.values())
    return opened
