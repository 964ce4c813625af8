"""`manage.py import_clips`: a folder of videos and its manifest become the clips of a corpus."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.utils import timezone

from retrieval.manifests import ManifestError
from retrieval.services.importing import import_clips

HELP = """\
Import the videos that a manifest lists into a corpus, which is made if it is not there.

The manifest is a CSV file in UTF-8 whose first line is

  clip_key,file,role,person_key,partner_key,transcript,split,licence

  clip_key     your name for the clip: letters, digits, '.', '_' and '-'
  file         the video, relative to the manifest's folder (and inside it) or absolute
  role         speaker or listener
  person_key   who is seen, so that nobody is shown as their own listener  (may be empty)
  partner_key  of a speaker: the listener who was really there             (may be empty)
  transcript   what the speaker says                                       (may be empty)
  split        train or test                                               (may be empty)
  licence      where it differs from the corpus's                          (may be empty)

and, if you like, permitted_uses and attr_... columns with what the person declared, such as attr_age.

All videos are imported, or none: every problem of the manifest and of its videos is named at once, with its
line. They are copied, so the folder may go away later. Importing the same manifest again changes nothing.
"""
EXAMPLE = """\
example:
  manage.py import_clips pilot videos/clips.csv --licence "CC BY 4.0" --consent "Signed release, 2026"
"""


class _HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the table above."""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_HelpFormatter, epilog=EXAMPLE, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("corpus_key", metavar="CORPUS_KEY", help="the corpus's short name, such as pilot")
        parser.add_argument("manifest", metavar="MANIFEST.csv", type=Path, help="the table of its videos")
        parser.add_argument("--licence", required=True, help="the terms under which these videos may be used")
        parser.add_argument("--consent", required=True, help="what the people in the videos agreed to")
        parser.add_argument("--permitted-uses", metavar="USES", help="what they may serve for, such as "
                            "'studies, training'; a person may permit less (default: what they agreed to)")  # fmt: skip
        parser.add_argument("--title", help="the corpus's name as researchers read it (default: its key)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = import_clips(
                options["corpus_key"],
                options["manifest"],
                licence=options["licence"],
                consent=options["consent"],
                permitted_uses=options["permitted_uses"],
                title=options["title"],
                at=timezone.now(),
            )
        except ManifestError as error:
            count = len(error.problems)
            heading = "Nothing was imported: " + ("1 problem." if count == 1 else f"{count} problems.")
            raise CommandError("\n  ".join([heading, *error.problems])) from None
        except OSError as error:
            folder = settings.REALTALK_DATA
            raise CommandError(f"Cannot use {folder}: {error}. Is there room, and may we write there?") from None
        clips = done.corpus.clips
        self.stdout.write(
            f"Corpus '{done.corpus.key}': {done.new} clips imported, {done.kept} already there. It has "
            f"{clips.filter(role='speaker').count()} speakers and {clips.filter(role='listener').count()} listeners."
        )
