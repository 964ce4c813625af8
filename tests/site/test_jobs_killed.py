"""A real worker is killed in mid-job; the next one, started later, finishes it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from retrieval.jobs import enqueue_job
from retrieval.models import Job, JobState
from tests.servers import wait_until
from tests.site.work import JOBS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]


@contextmanager
def running_worker(broker_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process on the test's own database, killed with its children at the end."""
    environment = os.environ | {
        "CELERY_BROKER_URL": broker_url,
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "REALTALK_JOB_LEASE_S": "2",
        "REALTALK_JOB_SWEEP_S": "1",
    }
    with log.open("ab") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.site.worker"],
            cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    finally:
        kill(worker)


def kill(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def test_a_killed_workers_job_is_finished_by_the_next(broker_url, tmp_path, settings):
    settings.REALTALK_JOBS = JOBS
    pipe, begun, log = tmp_path / "pipe", tmp_path / "begun", tmp_path / "worker.log"
    os.mkfifo(pipe)
    job = enqueue_job("hold", arguments={"pipe": str(pipe), "log": str(begun)}, at=timezone.now())

    def attempts() -> int:
        return begun.read_text().count("began") if begun.exists() else 0

    # Nobody sent the job: the message was lost, and the sweep finds the row.
    with running_worker(broker_url, log) as first:
        wait_until(lambda: attempts() == 1, "the first worker to begin", log=log)
        kill(first)
    assert Job.objects.get().state == JobState.RUNNING
    with running_worker(broker_url, log):
        wait_until(lambda: attempts() == 2, "the second worker to begin", log=log)
        pipe.write_text("go on")
        wait_until(lambda: Job.objects.get().state != JobState.RUNNING, "the job to end", log=log)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.message) == (JobState.DONE, 2, "Let go.")
    assert attempts() == 2
