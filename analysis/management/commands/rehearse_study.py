"""`manage.py rehearse_study`: simulated evaluators on the rehearsal's own slots."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from analysis.records import NoQuestion
from analysis.services.adaptive import rehearse_with_batches
from studies.management.base import StudyCommand
from studies.services.rehearsals import between_arrivals

BEHAVIOUR = (
    ("--speaker-sd", "SD", "how much speakers differ in it, on the logit scale, such as 1 (default: 0)"),
    ("--evaluator-sd", "SD", "how much evaluators differ in it, on the logit scale, such as 0.5 (default: 0)"),
    ("--ties", "SHARE", "share of ties, where the question offers one (default: 0)"),
    ("--left-bias", "SHARE", "share of answers that are left whatever was shown (default: 0)"),
    ("--careless", "SHARE", "chance of each evaluator to hardly look and answer left (default: 0)"),
    ("--retests", "N", "pairs shown again to each evaluator, sides swapped (default: 0)"),
)


class Command(StudyCommand):
    help = (
        "Play simulated evaluators through the study, before or after it opens, to see that it works and that its "
        "report finds what was put in. They use a copy of the slots and never count (adaptive ones, where the plan has "
        "them, open between evaluators); report_study and export_votes show them with --include-rehearsal. An earlier "
        "rehearsal of the study is deleted first. Example: "
        "manage.py rehearse_study pilot --evaluators 12 --preference social=0.75"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--evaluators", type=int, required=True, metavar="N", help="how many come")
        parser.add_argument(
            "--preference", action="append", default=[], metavar="CONDITION=SHARE",
            help="how often this condition is preferred to the other, from 0 to 1 (default: 0.5); may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--dropout", type=float, default=0.0, metavar="SHARE", help="share who leave early (default: 0)"
        )
        for option, metavar, about in BEHAVIOUR:
            parser.add_argument(option, type=int if metavar == "N" else float, default=0, metavar=metavar, help=about)
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same answers (default: 0)")

    def run(self, **options: Any) -> None:
        if options["evaluators"] < 1:
            raise ValueError("At least one evaluator must come: --evaluators 1 or more.")
        try:
            rehearsal = rehearse_with_batches(
                options["study"].pk,
                evaluators=options["evaluators"],
                preference=dict(_share(text) for text in options["preference"]),
                dropout=options["dropout"],
                **{name: options[name] for name in (each[0][2:].replace("-", "_") for each in BEHAVIOUR)},
                seed=options["seed"],
                # The last one is through by now, so that nothing is dated after the day it is looked at.
                at=timezone.now() - options["evaluators"] * between_arrivals(options["study"]),
            )
        except NoQuestion as reason:
            raise ValueError(str(reason)) from None
        self.stdout.write(
            f"{rehearsal.evaluators} simulated evaluators: {rehearsal.finished} finished, "
            f"{rehearsal.left_early} left early, {rehearsal.turned_away} found no place; {rehearsal.votes} votes.\n"
            f"See them with: manage.py report_study {options['key']} --include-rehearsal"
        )


def _share(text: str) -> tuple[str, float]:
    condition, _, number = text.partition("=")
    try:
        return condition, float(number)
    except ValueError:
        raise ValueError(f"'{text}' is not CONDITION=SHARE, such as social=0.75.") from None
