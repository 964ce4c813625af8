"""`manage.py open_study`: prepare a draft's videos and open it, or open a paused study again."""

from typing import Any

from django.utils import timezone

from studies.management.base import StudyCommand
from studies.models import StudyState
from studies.services.launches import open_study
from studies.services.preparing import prepare_study


class Command(StudyCommand):
    help = (
        "Open a study. A draft's videos are prepared first, its plan is frozen and its slots are dealt; what cannot "
        "be prepared is named and the study stays a draft. A paused study goes on; files that were lost are made again."
    )

    def run(self, **options: Any) -> None:
        study = options["study"]
        if study.state != StudyState.CLOSED:
            prepare_study(study.pk, at=timezone.now())
        open_study(study.pk, at=timezone.now())
        self.stdout.write(f"Study '{study.key}' is open at /study/{study.key}/")
