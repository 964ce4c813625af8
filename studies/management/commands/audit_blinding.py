"""`manage.py audit_blinding`: whether anything an evaluator gets tells conditions apart."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from studies.guessing import TELLING_MS, TELLING_P
from studies.management.base import StudyCommand
from studies.services.audits import audit_study


class Command(StudyCommand):
    help = (
        "Play two evaluators through a prepared, open or paused study and report whatever tells conditions apart, by "
        "name, length, header, container, timing or order. Nothing of it stays; answers to the study wait meanwhile. "
        "Exit status 1 where something was found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seed", type=int, default=0, help="of choices, of the order of fetches, and of p")

    def run(self, **options: Any) -> None:
        audit = audit_study(options["study"].pk, at=timezone.now(), seed=options["seed"])
        for kind, what in audit.checked:
            self.stdout.write(f"{kind:<10} {what}")
        self.stdout.write(f"Order is a leak with p < {TELLING_P}, timing with that and above {TELLING_MS:g} ms.")
        self.stdout.write(f"Others' answers waited {audit.held_s:.1f} s.")
        for finding in audit.findings:
            self.stdout.write(f"LEAK       {finding}")
        if audit.findings:
            number = "1 leak" if len(audit.findings) == 1 else f"{len(audit.findings)} leaks"
            raise CommandError(f"{number} found in '{options['study'].key}'.")
        self.stdout.write("No leak found.")
