"""Withholding: someone's clips are no candidates any more."""

from datetime import datetime

from retrieval.models import Person


def withhold_person(person_id: int, *, at: datetime) -> None:
    """Mark a person as taken down: none of their clips is listed, ranked, embedded or shown from now on."""
    Person.objects.filter(pk=person_id, taken_down_at__isnull=True).update(taken_down_at=at)
