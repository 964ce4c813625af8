from argparse import ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.any_votes import FORMATS, as_format, report_of_file
from analysis.vote_files import ROLES, Choices, VoteFileError, read_votes


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _roles(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if any(not role.strip() or not name.strip() for role, _, name in pairs):
        raise ArgumentTypeError(f"{text!r} is not ROLE=COLUMN,ROLE=COLUMN, as in item=clip,evaluator=rater")
    return {role.strip(): name.strip() for role, _, name in pairs}


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        margin = -1.0
    if not 0 < margin < 0.5:
        raise ArgumentTypeError(f"{text!r} is no margin: give a share about one half, over 0 and under 0.5, as 0.1")
    return margin


class Command(BaseCommand):
    help = (
        "Print the report for votes in a CSV file, whoever collected them: how often each treatment was preferred, "
        "with the interval for further speakers and evaluators. Reads our export (item, evaluator, treatment, control, "
        "preferred_treatment), triplets (model_a, model_b, winner), evalica's pairs (left, right, winner), pwcmp's "
        "columns and Mechanical Turk's batch results. Needs no database. docs/statistics.md says how it is computed. "
        "Example: python manage.py analyse_votes votes.csv --format json"
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The CSV file: comma, semicolon, tab or bar between cells.")
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="text",
            help="text: sentences to read (default). json: every number in full precision, as report_study's. "
            "csv: one row a comparison group. latex: a table. html: a page with its figures.",
        )
        parser.add_argument("--out", type=Path, help="Write to this file in place of standard output.")
        parser.add_argument(
            "--columns",
            type=_roles,
            default={},
            metavar="ROLE=COLUMN,...",
            help=f"Which column is which, where its name does not say it. Roles: {', '.join(ROLES)}.",
        )
        parser.add_argument(
            "--treatment",
            type=_names,
            default=(),
            metavar="NAME,...",
            help="Whose share to report, where the file does not say which of two is the treatment, or says both: of "
            "two, the one that stands earlier here. Else it is the one that comes first in the alphabet.",
        )
        parser.add_argument("--margin", type=_margin, help="Equivalence margin about one half, as 0.1 for 40 to 60 %%.")
        parser.add_argument("--primary", metavar="TREATMENT:CONTROL", help="The primary comparison group.")
        parser.add_argument(
            "--exploratory",
            type=_names,
            default=(),
            metavar="TREATMENT:CONTROL,...",
            help="Comparison groups that no plan named; all others are adjusted together as planned (Holm).",
        )
        parser.add_argument("--question", help="The question to report, where the file holds several.")
        parser.add_argument("--study", help="The study to report, where the file holds several.")
        parser.add_argument("--include-rehearsal", action="store_true", help="Report a rehearsal's simulated votes.")
        parser.add_argument("--first-is-left", action="store_true", help="model_a or condition_A was on the left.")
        parser.add_argument(
            "--refuse-repeats", action="store_true", help="Refuse a file in which somebody judged one pair twice."
        )
        parser.add_argument("--encoding", default="utf-8", help="How the text is encoded, as cp1252 or utf-16.")
        parser.add_argument("--delimiter", help="What stands between cells, where it is not recognised.")

    def handle(self, *args: object, file: Path, format: str, out: Path | None, **options: object) -> None:
        if out is not None and out.exists() and file.exists() and out.samefile(file):
            raise CommandError(f"--out {out} is the file of votes itself: name another, so that the votes are kept.")
        choices = Choices(
            columns=options["columns"],
            treatments=options["treatment"],
            encoding=options["encoding"],
            delimiter=_one_character(options["delimiter"]),
            question=options["question"],
            study=options["study"],
            rehearsal=options["include_rehearsal"],
            first_is_left=options["first_is_left"],
            refuse_repeats=options["refuse_repeats"],
            exploratory=options["exploratory"],
        )
        try:
            read = read_votes(file, choices)
            report = report_of_file(read, margin=options["margin"], primary=options["primary"])
            printed = as_format(report, format, read=read)
        except VoteFileError as refused:
            raise CommandError(str(refused)) from None
        self._tell(read.notes)
        if out is None:
            self.stdout.write(printed)
        else:
            _write(out, printed)

    def _tell(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.stderr.write(f"Note: {note}")


def _one_character(text: str | None) -> str | None:
    text = {"tab": "\t", "\\t": "\t"}.get(text or "", text)
    if text is not None and (len(text) != 1 or text in "\r\n\""):
        raise CommandError(f"--delimiter is one character, as ';' or tab, not {text!r}.")
    return text


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"{out} cannot be written ({error.strerror}): check its folder.") from None
