"""`manage.py take_down`: somebody is not to be shown any more."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from studies.management.base import StudyCommand, user_named
from studies.models import TakeDown
from studies.services.takedowns import delete_files, person_named, take_down


class Command(StudyCommand):
    requires_study = False
    help = (
        "Take a person down: their clips are candidates and stimuli no more, trials that show them end at once, and "
        "slots that nobody answered are closed. Votes stay. It cannot be undone. "
        "Example: manage.py take_down CORPUS PERSON --reason 'withdrew their permission by mail'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("corpus", metavar="CORPUS", help="the corpus's key")
        parser.add_argument("person", metavar="PERSON", help="the person's key in that corpus")
        parser.add_argument("--reason", default="", help="kept in the record")
        parser.add_argument("--user", help="username of who does it, for the record")
        parser.add_argument("--delete-files", action="store_true", dest="deletes_files",
                            help="delete their videos, also of somebody who was taken down before")  # fmt: skip

    def run(self, *, corpus: str, person: str, reason: str, deletes_files: bool, **options: Any) -> None:
        found = person_named(corpus, person)
        before = TakeDown.objects.filter(corpus=found.corpus, person_key=found.key).first()
        record = before if before and deletes_files else None
        record = record or take_down(found.pk, reason=reason, by=user_named(options["user"]), at=timezone.now())
        if deletes_files:
            record = delete_files(record.pk, at=timezone.now())
        self.stdout.write(f"{record.sentence} Copies in backups, and what other folders hold, are yours to delete.")
