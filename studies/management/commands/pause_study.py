"""`manage.py pause_study`: stop giving out trials for a while."""

from typing import Any

from django.utils import timezone

from studies.management.base import StudyCommand
from studies.services.launches import pause_study


class Command(StudyCommand):
    help = (
        "Pause an open study: nobody gets a new trial, and who is in the middle of one may still answer it. "
        "open_study goes on."
    )

    def run(self, **options: Any) -> None:
        study = pause_study(options["study"].pk, at=timezone.now())
        self.stdout.write(f"Study '{study.key}' is paused. Go on with: manage.py open_study {study.key}")
