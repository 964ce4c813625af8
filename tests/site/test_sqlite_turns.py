"""Threads that write take turns instead of failing with "database is locked"."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from retrieval.models import Job

pytestmark = [pytest.mark.data_layer, pytest.mark.django_db(transaction=True)]


def in_threads(work, *, threads: int) -> list[BaseException]:
    """Run `work` in so many threads at once; what went wrong in them."""
    ready, wrong = threading.Barrier(threads), []

    def run() -> None:
        ready.wait()
        try:
            work()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    started = [threading.Thread(target=run) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return wrong


def test_many_threads_read_and_write_in_transactions_and_none_fails_or_is_lost():
    job = Job.objects.create(kind="count", created_at=timezone.now())

    def add_ten() -> None:
        for _ in range(10):
            with transaction.atomic():
                read = Job.objects.select_for_update().get(pk=job.pk).progress
                Job.objects.filter(pk=job.pk).update(progress=read + 1, total=F("total") + 1)

    assert in_threads(add_ten, threads=24) == []
    job.refresh_from_db()
    assert (job.progress, job.total) == (240, 240)


def test_a_transaction_that_fails_or_rolls_back_passes_the_turn_on():
    def fail() -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            Job.objects.create(kind="x", state="running", created_at=timezone.now())  # no lease: refused
        with transaction.atomic():
            Job.objects.create(kind="rolled back", created_at=timezone.now())
            transaction.set_rollback(True)
        Job.objects.create(kind="kept", created_at=timezone.now())

    assert in_threads(fail, threads=8) == []
    assert set(Job.objects.values_list("kind", flat=True)) == {"kept"}


def test_a_connection_closed_in_mid_transaction_passes_the_turn_on():
    def vanish() -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.close()
            Job.objects.create(kind="x", created_at=timezone.now())

    assert in_threads(vanish, threads=4) == []
    with transaction.atomic():
        Job.objects.create(kind="after", created_at=timezone.now())
    assert list(Job.objects.values_list("kind", flat=True)) == ["after"]
