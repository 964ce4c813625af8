"""One writer a study: every service that changes what a study holds runs inside `locked_study`."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from studies.models import Session, Study


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


@contextmanager
def locked_session(session_id: int) -> Iterator[Session]:
    """`locked_study` for what is about one session.

    Yields  the session as it stands under the lock, with the study
    Raises  Session.DoesNotExist, also where it was withdrawn while this waited for its turn
    """
    study_id = Session.objects.values_list("study_id", flat=True).get(pk=session_id)
    with locked_study(study_id) as study:
        session = Session.objects.get(pk=session_id)
        session.study = study
        yield session
