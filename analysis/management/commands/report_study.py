from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analysis.peeking import UNRECORDED, takes_votes
from analysis.records import NoQuestion, StudyMissing, study_with_key
from analysis.report_json import report_as_json
from analysis.report_text import report_as_text
from analysis.reports import build_report
from analysis.services.stored_reports import StudyMoved, report_marks, store_report


class Command(BaseCommand):
    help = (
        "Print how often each treatment was preferred, with the interval for further speakers and "
        "evaluators, while a study runs or after it. docs/statistics.md says how it is computed. "
        "Example: python manage.py report_study demo --format json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="The study's key, as create_study was given it.")
        parser.add_argument(
            "--question",
            default="",
            metavar="KEY",
            help="Report this question in place of the primary one; of another one all is exploratory.",
        )
        parser.add_argument(
            "--format",
            choices=["text", "json"],
            default="text",
            help="text: sentences to read (default). json: every number in full precision.",
        )
        parser.add_argument(
            "--include-rehearsal",
            action="store_true",
            help="Report the rehearsal's simulated votes in place of evaluators'. They are never added up.",
        )

        parser.add_argument(
            "--mixed-logit",
            action="store_true",
            help="Also fit a mixed logit to each comparison group: half a second for every thousand votes.",
        )
        parser.add_argument(
            "--store",
            action="store_true",
            help="Also keep the report as it is now; a closed study's page then shows it. Not for a rehearsal's.",
        )

    def handle(
        self,
        *args: object,
        key: str,
        question: str,
        format: str,
        include_rehearsal: bool,
        mixed_logit: bool,
        store: bool,
        **options: object,
    ) -> None:
        if store and include_rehearsal:
            raise CommandError("A rehearsal's report is not kept: leave out --store or --include-rehearsal.")
        now = timezone.now()
        try:
            study = study_with_key(key)
            marks = report_marks(study) if store else {}
            report = build_report(
                study, question=question, rehearsal=include_rehearsal, at=now, mixed_logit=mixed_logit
            )
            if store and report.secondary_to is not None:
                raise CommandError("Only the primary question's report is kept: leave out --store or --question.")
            if store:
                store_report(study, report, marks=marks)
        except (StudyMissing, NoQuestion, StudyMoved) as problem:
            raise CommandError(str(problem)) from None
        if takes_votes(study) and not include_rehearsal:
            self.stderr.write(UNRECORDED.format(key=study.key, state=study.state))
        self.stdout.write(report_as_json(report) if format == "json" else report_as_text(report))
