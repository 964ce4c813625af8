from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.exports import trials_csv
from analysis.management.printing import print_lines
from analysis.records import StudyMissing, study_with_key


class Command(BaseCommand):
    help = (
        "Print every trial of a study as CSV, one row a trial whatever became of it: live, answered, "
        "expired, returned, failed or late. docs/data-dictionary.md describes the columns. "
        "Example: python manage.py export_trials demo > trials.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="The study's key, as create_study was given it.")
        parser.add_argument(
            "--include-rehearsal",
            action="store_true",
            help="Print the rehearsal's simulated trials too; their column 'rehearsal' is 1.",
        )

    def handle(self, *args: object, key: str, include_rehearsal: bool, **options: object) -> None:
        try:
            study = study_with_key(key)
        except StudyMissing as missing:
            raise CommandError(str(missing)) from None
        print_lines(trials_csv(study, with_rehearsal=include_rehearsal), to=self.stdout)
