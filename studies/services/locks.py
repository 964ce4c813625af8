"""One writer a study: every service that changes what a study holds runs inside `locked_study`."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from studies.models import Study


@contextmanager
def locked_study(study_id: int) -> Iterator[Study]:
    """A transaction that is alone on this study until it commits; services may nest it.

    PostgreSQL locks the study's row. SQLite has no row locks and needs none: its transactions are immediate, so
    one writes at a time.

    Yields  the study as it stands under the lock
    Raises  Study.DoesNotExist
    """
    with transaction.atomic():
        yield Study.objects.select_for_update(no_key=True).get(pk=study_id)
