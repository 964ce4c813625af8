"""`manage.py create_study`: a draft study, of videos that a manifest names or of listeners that rankings chose."""

from dataclasses import fields
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from studies.asking import QUESTION, Asking, one_question, read_questions
from studies.default_texts import DEFAULT_TEXTS
from studies.entry import Entry, read_entry
from studies.management.base import StudyCommand
from studies.models import ShortListeners, Study
from studies.options import Options
from studies.services.designs import create_study, delete_draft, parse_contrasts
from studies.services.launches import open_study
from studies.services.preparing import prepare_study
from studies.services.retrieved import create_retrieved_study
from studies.text_files import text_of_file, text_or_file

COMMON = (
    "votes_per_comparison", "trials_per_session", "seed", "short_listeners", "language", "title", "selection",
)  # fmt: skip
TEXTS = {
    "content-warning": "what may distress, said before consent",
    "support": "where to turn for help, on every page that is read",
    "debriefing": "what the study was about, told at its end",
}
ONE_WAY = (
    "Give either --speakers FILE (listeners come from rankings) or --stimuli STIMULI.csv (videos brought along)"
)


class Command(StudyCommand):
    requires_study = False
    help = (
        "Create a study: which listeners are put against each other beside each speaker, and how many votes are "
        "wanted. From rankings, name the speakers: each method shows the first of its order that may be shown. "
        "Example: manage.py create_study pilot --corpus demo --contrasts social:random --speakers curated.txt. "
        "For videos brought along, name them in a stimulus manifest: a CSV file with the columns "
        "item,condition,clip_key and optionally kind (main, practice, catch, attention) and correct_condition; an "
        "item is the clip key of a speaker. "
        "Example: manage.py create_study pilot --corpus demo --stimuli stimuli.csv "
        "--contrasts social:random,social:rude --open"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--corpus", required=True, metavar="CORPUS_KEY", help="the corpus that the clips are in")
        parser.add_argument("--stimuli", metavar="STIMULI.csv", help="the stimulus manifest, of videos brought along")
        parser.add_argument(
            "--speakers", metavar="FILE",
            help="listeners come from rankings: a text file of speakers' clip keys, one a line, or curation:KEY",
        )  # fmt: skip
        parser.add_argument(
            "--run", type=int, metavar="ID", help="rankings of this run (default: the newest complete ones)"
        )
        parser.add_argument(
            "--allow-true-listener", action="store_true", help="methods may show the listener who was really there"
        )
        parser.add_argument(
            "--practice", type=int, metavar="N",
            help="practice items, of ranked speakers beyond the main ones (default: 2, or 0 if there are too few)",
        )  # fmt: skip
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
        parser.add_argument(
            "--language", choices=list(DEFAULT_TEXTS), default="en",
            help="the language of the study's texts and of the pages around them (default: en); translate_study adds "
            "others",
        )  # fmt: skip
        parser.add_argument("--title", default="", help="what evaluators see as the study's name")
        parser.add_argument("--question", help=f"what evaluators are asked about each pair (default: {QUESTION})")
        parser.add_argument(
            "--questions", metavar="FILE.toml",
            help="other forms, several questions, reasons to tick, a comment, a press at the moment that decides",
        )  # fmt: skip
        parser.add_argument("--selection", default="", help="who chose the speakers, and by which rule")
        _add_entry_arguments(parser)
        _add_options(parser)
        parser.add_argument(
            "--replace-draft", action="store_true", help="make a draft of this key anew; a study that was opened stays"
        )
        parser.add_argument("--open", action="store_true", help="prepare the videos and open the study at once")

    def run(self, **options: Any) -> None:
        _check_way(options)
        common = {
            "corpus_key": options["corpus"],
            "contrasts": parse_contrasts(options["contrasts"]),
            "at": timezone.now(),
            "asking": _asked(options),
            "entry": _entry(options),
            "options": Options(**{field.name: options[field.name] for field in fields(Options)}),
            **{name: options[name] for name in COMMON},
        }
        with transaction.atomic():  # a draft goes only once the next one is there
            if options["replace_draft"] and (before := Study.objects.filter(key=options["key"]).first()):
                delete_draft(before.pk)
            if options["stimuli"]:
                study = create_study(options["key"], stimuli=options["stimuli"], **common)
            else:
                study = self._from_rankings(options, common)
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

    def _from_rankings(self, options: dict[str, Any], common: dict[str, Any]) -> Study:
        made = create_retrieved_study(
            options["key"],
            speakers=options["speakers"],
            run_id=options["run"],
            may_show_true_listener=options["allow_true_listener"],
            practice=options["practice"],
            **common,
        )
        if made.practice:
            self.stdout.write(f"Practice items: {made.practice}, from the first comparison group.")
        for listener, count in made.crowded.items():
            self.stdout.write(self.style.WARNING(f"Listener '{listener}' is shown beside {count} speakers."))
        if made.crowded:
            self.stdout.write(
                "Evaluators will know such a listener again, and their votes then speak of the one video more than of "
                f"the method. audit_rankings {common['corpus_key']} says whether that is beyond chance."
            )
        return made.study


def _add_options(parser: CommandParser) -> None:
    for name, field, does in [
        ("captions", "shows_captions", "show what the speaker says as captions, from the transcript"),
        ("mark-listeners", "marks_listeners", "write into every listener's video that it is a research stimulus"),
        ("allow-met", "allows_met_stimuli", "give evaluators clips and speakers that they met in an earlier study"),
    ]:
        parser.add_argument(f"--{name}", action="store_true", dest=field, help=does)
    for name, field, does in [
        ("device-check", "checks_devices", "have evaluators check their sound and screen before the first trial"),
        ("feedback", "gives_feedback", "say after a practice trial with a known answer whether it was found"),
    ]:
        parser.add_argument(f"--no-{name}", action="store_false", dest=field, help=f"do not {does}")
    parser.add_argument(
        "--pass-mark", type=int, default=0, metavar="N", dest="practice_pass_mark",
        help="practice trials to be answered rightly, in two rounds at most (default: 0, none)",
    )  # fmt: skip
    parser.add_argument(
        "--retests", type=int, default=0, metavar="N", dest="retests_per_session",
        help="pairs that each evaluator sees a second time, sides swapped (default: 0)",
    )  # fmt: skip


def _add_entry_arguments(parser: CommandParser) -> None:
    """What is asked and said around the trials."""
    parser.add_argument(
        "--entry", metavar="FILE.toml",
        help="questions before the first trial: who may take part, of which group one is and how many of it are "
        "wanted, whether the task was understood",
    )  # fmt: skip
    parser.add_argument("--least-age", type=int, metavar="N", help="evaluators confirm that they are N or older")
    parser.add_argument("--consent", metavar="FILE", help="what evaluators agree to (default: a text of the project)")
    for option, what in TEXTS.items():
        parser.add_argument(f"--{option}", default="", metavar="TEXT", help=f"{what}: the text, or a file's name")


def _entry(options: dict[str, Any]) -> Entry:
    """Raises ValueError for a file that cannot be read, EntryError for one that does not fit."""
    texts = {option.replace("-", "_"): option for option in TEXTS}
    return Entry(
        questions=read_entry(options["entry"]) if options["entry"] else (),
        least_age=options["least_age"],
        consent=text_of_file(options["consent"]) if options["consent"] else "",
        **{name: text_or_file(options[name], option=f"--{option}") for name, option in texts.items()},
    )


def _asked(options: dict[str, Any]) -> Asking:
    """One question, or those of a file. Raises ValueError for both, QuestionsError for a file that does not fit."""
    if not options["questions"]:
        return one_question(
            DEFAULT_TEXTS[options["language"]].question if options["question"] is None else options["question"]
        )
    if options["question"] is not None:
        raise ValueError("Give either --question TEXT or --questions FILE.toml, not both.")
    return read_questions(options["questions"])


def _check_way(options: dict[str, Any]) -> None:
    """Exactly one of the two ways, and only its own options. Raises ValueError."""
    if bool(options["stimuli"]) == bool(options["speakers"]):
        raise ValueError(ONE_WAY + (", not both." if options["stimuli"] else "."))
    given = [
        name
        for name, value in (
            ("--run", options["run"] is not None),
            ("--allow-true-listener", options["allow_true_listener"]),
            ("--practice", options["practice"] is not None),
        )
        if value
    ]
    if options["stimuli"] and given:
        raise ValueError(f"{', '.join(given)}: only for listeners from rankings (--speakers), not with --stimuli.")
