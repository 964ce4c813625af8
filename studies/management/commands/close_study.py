"""`manage.py close_study`: end a study for good."""

from typing import Any

from django.utils import timezone

from studies.management.base import StudyCommand
from studies.services.launches import close_study


class Command(StudyCommand):
    help = "Close a study for good. Open trials end; answers that still come are kept as late and count nowhere."

    def run(self, **options: Any) -> None:
        study = close_study(options["study"].pk, at=timezone.now())
        self.stdout.write(f"Study '{study.key}' is closed. Read the result with: manage.py report_study {study.key}")
