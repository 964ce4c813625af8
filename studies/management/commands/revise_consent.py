"""`manage.py revise_consent`: another text to agree to; whoever takes part is asked again."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from studies.management.base import StudyCommand, user_named
from studies.models import Consent, ConsentVersion, Study
from studies.services.consenting import revise_consent
from studies.text_files import text_of_file


class Command(StudyCommand):
    help = (
        "Let evaluators agree to another text from now on: each is asked again before the next trial that begins, and "
        "each vote names the version under which it was given. In a launched study this is a deviation. Without "
        "--text, say which versions there are. "
        "Example: manage.py revise_consent pilot --text en=consent.txt --text de=consent-de.txt --reason '...'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--text", action="append", default=[], metavar="[LANGUAGE=]FILE",
            help="the text, UTF-8; one for every language in which the study is offered (default: its own language)",
        )  # fmt: skip
        parser.add_argument("--reason", default="", help="why; a launched study needs one")
        parser.add_argument("--user", help="username of who writes it; the deviation names nobody without")

    def run(self, *, study: Study, text: list[str], reason: str, user: str | None, **options: Any) -> None:
        if text:
            by = user_named(user)
            made = revise_consent(study.pk, _texts(study, text), reason=reason, by=by, at=timezone.now())
            self.stdout.write(f"Version {made.version} is in force; whoever takes part is asked again.")
        for row in ConsentVersion.objects.filter(study=study).order_by("version", "language"):
            agreed = Consent.objects.filter(version=row, session__rehearsal=False).count()
            self.stdout.write(
                f"version {row.version:<3} {row.language:<8} {row.created_at:%Y-%m-%d %H:%M} UTC  "
                f"SHA-256 {row.sha256[:16]}…  {agreed} agreed"
            )


def _texts(study: Study, named: list[str]) -> dict[str, str]:
    """By language. Raises ValueError for a file that cannot be read, or two for one language."""
    texts: dict[str, str] = {}
    for value in named:
        language, separator, file = value.partition("=")
        language, file = (language, file) if separator else (study.language, value)
        if language in texts:
            raise ValueError(f"There are two texts for '{language}': give one for each language.")
        texts[language] = text_of_file(file)
    return texts
