"""What the study commands share: a study by its key, and problems as sentences instead of tracebacks."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
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
        except BrokenPipeError:  # whoever read our output has enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as reason:
            folder = settings.REALTALK_DATA
            if reason.filename and not Path(reason.filename).absolute().is_relative_to(folder):
                raise CommandError(f"Cannot read '{reason.filename}': {reason.strerror}.") from None
            raise CommandError(f"Cannot use {folder}: {reason}. Is there room, and may we write there?") from None

    def run(self, **options: Any) -> None:
        raise NotImplementedError


def user_named(username: str | None) -> AbstractBaseUser | None:
    """The account with this name; None without a name. Raises CommandError where there is none."""
    if not username:
        return None
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no account '{username}'.")
    return user


def study_named(key: str) -> Study:
    """The study with this key. Raises CommandError that lists the keys there are."""
    study = Study.objects.select_related("corpus").filter(key=key).first()
    if study is None:
        known = ", ".join(Study.objects.order_by("key").values_list("key", flat=True)) or "none yet"
        raise CommandError(f"There is no study '{key}' (there is: {known}).")
    return study
