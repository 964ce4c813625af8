"""`manage.py turk_study`: the HIT of a study on Mechanical Turk."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from studies.management.base import StudyCommand
from studies.models import Platform, Study
from studies.platforms.calling import NoCredentials, Refused, TryLater
from studies.services.recruiting import CannotRecruit, newest_recruitment
from studies.services.turking import approve_finished, follow_hit, make_hit


class Command(StudyCommand):
    help = (
        "Make the HIT of a study that recruits on Mechanical Turk, ask how its assignments stand, approve what was "
        "finished. In the sandbox, unless the HIT was made with --real. "
        "Example: manage.py turk_study smiles make --site https://lab.example"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["make", "ask", "approve"])
        parser.add_argument("--site", default="", help="where this site is reached from outside, by https")
        parser.add_argument("--minutes", type=int, default=60, help="that one assignment may take")
        parser.add_argument("--days", type=int, default=7, help="that the HIT may be found")
        parser.add_argument("--real", action="store_true", help="not the sandbox: real people and real money")

    def run(self, *, study: Study, what: str, **options: Any) -> None:
        recruitment = newest_recruitment(study.pk, Platform.MTURK)
        if recruitment is None:
            raise CannotRecruit(f"'{study.key}' is not on Mechanical Turk: recruit_study {study.key} --platform mturk.")
        at = timezone.now()
        try:
            if what == "make":
                page = f"{options['site'].rstrip('/')}/r/{recruitment.key}/"
                times = {"minutes": options["minutes"], "days": options["days"]}
                made = make_hit(recruitment, page, is_real=options["real"], **times)
                where = "on Mechanical Turk" if options["real"] else "in the sandbox"
                self.stdout.write(f"HIT {made.external_study} is {where}, for {made.places} people.")
            elif what == "ask":
                self.stdout.write(f"{follow_hit(recruitment, at=at)} assignments changed.")
            else:
                self.stdout.write(f"{approve_finished(recruitment, at=at)} assignments approved.")
        except (NoCredentials, Refused, TryLater) as reason:
            raise CannotRecruit(f"{reason}") from None
