from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.exports import votes_csv
from analysis.management.printing import print_lines
from analysis.records import StudyMissing, study_with_key


class Command(BaseCommand):
    help = (
        "Print every answer of a study as CSV, one row an answer: who saw what, what they chose, how they "
        "watched, and whether it counts. docs/data-dictionary.md describes the columns. "
        "Example: python manage.py export_votes demo > votes.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="The study's key, as create_study was given it.")
        parser.add_argument(
            "--include-rehearsal",
            action="store_true",
            help="Print the rehearsal's simulated answers too; their column 'rehearsal' is 1.",
        )
        parser.add_argument(
            "--include-comments",
            action="store_true",
            help="Fill the column 'comment', which is empty otherwise: what people write may tell who they are.",
        )

    def handle(
        self, *args: object, key: str, include_rehearsal: bool, include_comments: bool, **options: object
    ) -> None:
        try:
            study = study_with_key(key)
        except StudyMissing as missing:
            raise CommandError(str(missing)) from None
        lines = votes_csv(study, with_rehearsal=include_rehearsal, with_comments=include_comments)
        print_lines(lines, to=self.stdout)
