"""`manage.py create_study`: a draft study from a corpus and a stimulus manifest."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from studies.management.base import StudyCommand
from studies.models import ShortListeners
from studies.services.designs import QUESTION, create_study, parse_contrasts
from studies.services.launches import open_study
from studies.services.preparing import prepare_study


class Command(StudyCommand):
    requires_study = False
    help = (
        "Create a study: which listeners are put against each other beside each speaker, and how many votes are "
        "wanted. The stimulus manifest is a CSV file with the columns item,condition,clip_key and optionally kind "
        "(main, practice, catch, attention) and correct_condition; an item is the clip key of a speaker. "
        "Example: manage.py create_study pilot --corpus demo --stimuli stimuli.csv "
        "--contrasts social:random,social:rude --open"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--corpus", required=True, metavar="CORPUS_KEY", help="the corpus that the clips are in")
        parser.add_argument("--stimuli", required=True, metavar="STIMULI.csv", help="the stimulus manifest")
        parser.add_argument(
            "--contrasts", required=True, metavar="A:B,...", help="treatment:control pairs, separated by commas"
        )
        parser.add_argument(
            "--votes-per-comparison", type=int, default=4, metavar="N",
            help="votes wanted for each comparison (default: 4)",
        )  # fmt: skip
        parser.add_argument(
            "--trials-per-session", type=int, metavar="N",
            help="trials of one evaluator (default: 30, or the number of main items if that is smaller)",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all orders (default: 0)")
        parser.add_argument(
            "--short-listeners", choices=ShortListeners.values, default=ShortListeners.REFUSE,
            help="a listener shorter than its speaker: refuse the study, or freeze the last picture alike on both "
            "sides (default: refuse)",
        )  # fmt: skip
        parser.add_argument("--title", default="", help="what evaluators see as the study's name")
        parser.add_argument("--question", default=QUESTION, help="what evaluators are asked about each pair")
        parser.add_argument("--selection", default="", help="who chose the speakers, and by which rule")
        parser.add_argument("--open", action="store_true", help="prepare the videos and open the study at once")

    def run(self, **options: Any) -> None:
        study = create_study(
            options["key"],
            corpus_key=options["corpus"],
            stimuli=options["stimuli"],
            contrasts=parse_contrasts(options["contrasts"]),
            at=timezone.now(),
            votes_per_comparison=options["votes_per_comparison"],
            trials_per_session=options["trials_per_session"],
            seed=options["seed"],
            short_listeners=options["short_listeners"],
            title=options["title"],
            question=options["question"],
            selection=options["selection"],
        )
        self.stdout.write(
            f"Study '{study.key}': {study.items.filter(kind='main').count()} items, "
            f"{study.contrasts.count()} comparison group(s), {study.votes_per_comparison} votes a comparison, "
            f"{study.trials_per_session} trials a session."
        )
        if options["open"]:
            prepare_study(study.pk, at=timezone.now())
            open_study(study.pk, at=timezone.now())
            self.stdout.write(f"It is open at /study/{study.key}/ while `make serve` runs.")
        else:
            self.stdout.write(f"It is a draft. Open it with: manage.py open_study {study.key}")
