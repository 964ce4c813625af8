"""`manage.py list_evaluators`: who is kept out, or who alone may take part."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count
from django.utils import timezone

from studies.management.base import StudyCommand, study_named
from studies.models import ListedAs, ListedEvaluator, Study
from studies.platforms import ADAPTERS
from studies.services.listing import CannotList, hashes_of_ids, hashes_of_study, list_evaluators, unlist_evaluators

BLOCK, ALLOW, REMOVE = "block", "allow", "remove"


class Command(StudyCommand):
    requires_study = False
    help = (
        "Keep people out of one study or of all, or take only those who are named. Ids are turned into keyed hashes at "
        "once and kept nowhere. Without options, count what is listed. "
        "Example: manage.py list_evaluators block --platform prolific --ids ids.txt --reason 'took part in the pilot'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="?", choices=[BLOCK, ALLOW, REMOVE])
        parser.add_argument("--study", metavar="KEY", help="for this study alone; block and remove also go without")
        who = parser.add_mutually_exclusive_group()
        who.add_argument("--ids", metavar="FILE.txt", help="the platform's ids, one a line")
        who.add_argument("--from-study", metavar="KEY", help="everyone who began a session of this study")
        parser.add_argument("--platform", choices=[one.value for one in ADAPTERS], help="whose ids they are")
        parser.add_argument("--reason", default="", help="kept beside each entry")

    def run(self, *, what: str | None, **options: Any) -> None:
        study = study_named(options["study"]) if options["study"] else None
        if what is None:
            self._tell()
            return
        hashes = self._hashes(options)
        where = f"study '{study.key}'" if study else "every study"
        if what == REMOVE:
            self.stdout.write(f"{unlist_evaluators(hashes, study=study)} taken off the list of {where}.")
            return
        reason, at = options["reason"], timezone.now()
        count = list_evaluators(ListedAs(what), hashes, reason=reason, at=at, study=study)
        said = "blocked from" if what == BLOCK else "allowed, and with others of its list alone, in"
        self.stdout.write(f"{count} {said} {where}.")

    def _hashes(self, options: dict[str, Any]) -> list[str]:
        if options["from_study"]:
            return hashes_of_study(study_named(options["from_study"]))
        if not options["ids"] or not options["platform"]:
            raise CannotList("Who? Add --ids FILE.txt with --platform NAME, or --from-study KEY.")
        try:
            lines = Path(options["ids"]).read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise CannotList(f"{options['ids']} is no text in UTF-8: save the ids as plain text, one a line.") from None
        return hashes_of_ids(options["platform"], lines)

    def _tell(self) -> None:
        rows = ListedEvaluator.objects.values("study", "listed_as", "reason").annotate(people=Count("pk"))
        keys = dict(Study.objects.values_list("pk", "key"))
        for row in rows.order_by("study", "listed_as", "reason"):
            where = keys.get(row["study"], "every study")
            self.stdout.write(f"{row['people']:>6} {row['listed_as']:<6} {where}: {row['reason']}")
        if not rows:
            self.stdout.write("Nobody is listed.")
