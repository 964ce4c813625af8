"""What the study commands share: a study by its key, and problems as sentences instead of tracebacks."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from retrieval.tables import ManifestError
from studies.models import Study
from studies.services.designs import CannotCreate
from studies.services.launches import CannotLaunch


class StudyCommand(BaseCommand):
    """A command about one study. Subclasses write `run`; known problems are printed one a line, exit status 1."""

    requires_study = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", metavar="KEY", help="the study's key, as given to create_study")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if self.requires_study:
                options["study"] = study_named(options["key"])
            self.run(**options)
        except (CannotCreate, CannotLaunch, ManifestError) as refusal:
            raise CommandError("\n".join(refusal.problems)) from None
        except ValueError as reason:
            raise CommandError(str(reason)) from None
        except OSError as reason:
            folder = settings.REALTALK_DATA
            raise CommandError(f"Cannot use {folder}: {reason}. Is there room, and may we write there?") from None

    def run(self, **options: Any) -> None:
        raise NotImplementedError


def study_named(key: str) -> Study:
    """The study with this key. Raises CommandError that lists the keys there are."""
    study = Study.objects.select_related("corpus").filter(key=key).first()
    if study is None:
        known = ", ".join(Study.objects.order_by("key").values_list("key", flat=True)) or "none yet"
        raise CommandError(f"There is no study '{key}' (there is: {known}).")
    return study
