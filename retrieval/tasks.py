"""Celery's entry points: each re-reads its row and makes one service call."""

import logging
import os
import socket
import uuid

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from retrieval import jobs
from retrieval.models import Job

logger = logging.getLogger(__name__)


@shared_task
def run_job(job_id: int) -> None:
    """Run one job to its end; a message for a job that is taken, done or deleted does nothing."""
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex}"
    try:
        jobs.run_job(job_id, owner=owner, clock=timezone.now)
    except (jobs.JobNotFree, Job.DoesNotExist) as reason:
        logger.info("Job %s not run: %s", job_id, reason)


@shared_task
def send_waiting_jobs() -> None:
    """Send the jobs again that nobody works on: lost messages, a killed worker, a broker that was away.

    Sent ones expire with the next sweep, so that they never pile up behind a long job.
    """
    for job_id in jobs.waiting_jobs(at=timezone.now(), limit=20):
        run_job.apply_async([job_id], expires=settings.REALTALK_JOB_SWEEP_S)


def send_job(job: Job) -> None:
    """Tell the workers about a new job once its row is committed. For views, the admin and commands."""
    transaction.on_commit(lambda: _send(job.pk))


def _send(job_id: int) -> None:
    try:
        run_job.apply_async([job_id], retry=False)
    except OperationalError:
        logger.warning("The broker is away; job %s waits for the next sweep.", job_id)
