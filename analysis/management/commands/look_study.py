"""`manage.py look_study`: what a study's stopping rule says of the speakers that are complete."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analysis.records import NoQuestion, StudyMissing, study_with_key
from analysis.services.stopping import look_and_act
from analysis.stopping import interval_label
from analysis.stopping_records import NoLooks, look_at, standing_notice
from studies.models import StudyState


class Command(BaseCommand):
    help = (
        "Ask a study's stopping rule about the speakers that are complete; only waves that are full are looked at. "
        "Where the plan says that the study closes itself, --act closes it, as the site does on its own every five "
        "minutes. Example: python manage.py look_study demo"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", metavar="KEY", help="the study's key, as create_study was given it")
        parser.add_argument("--act", action="store_true", help="do what the plan says, not only tell")
        parser.add_argument(
            "--include-rehearsal", action="store_true", help="look at the rehearsal's votes in place of evaluators'"
        )

    def handle(self, *args: object, key: str, **options: object) -> None:
        if options["act"] and options["include_rehearsal"]:
            raise CommandError("A rehearsal's votes close no study: leave out --act or --include-rehearsal.")
        try:
            study = study_with_key(key)
            if options["act"]:
                look = look_and_act(study.pk, at=timezone.now())
            else:
                look = look_at(study, rehearsal=options["include_rehearsal"])
        except (StudyMissing, NoQuestion, NoLooks) as refusal:
            raise CommandError(str(refusal)) from None
        study.refresh_from_db()
        self.stdout.write(look.sentence)
        if look.is_early:
            self.stdout.write(f"Of the report's interval: {interval_label(look.rule)}")
        if look.is_early and study.state == StudyState.CLOSED:
            self.stdout.write(f"Study '{study.key}' is closed.")
        elif notice := standing_notice(study):
            self.stdout.write(str(notice))
