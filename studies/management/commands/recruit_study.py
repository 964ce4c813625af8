"""`manage.py recruit_study`: one way in which a study recruits, the address to give the platform, and what is known."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from studies.management.base import StudyCommand
from studies.models import Platform, Recruitment, Study
from studies.pay_queries import pay_of, sessions_of
from studies.platforms import ADAPTERS, adapter_of
from studies.platforms.calling import NoCredentials, Refused, TryLater
from studies.recruitment_queries import whose_code
from studies.services import crediting
from studies.services.inviting import invite
from studies.services.keeping_in_step import keep_demographics, keep_in_step
from studies.services.recruiting import (
    CannotRecruit,
    change_recruitment,
    create_recruitment,
    end_recruitment,
    newest_recruitment,
    recruitment_named,
)

CODES = ("completion_code", "screen_out_code", "failed_check_code")
CHANGEABLE = ("external_study", "places", "reward", "currency", "lowest_hourly")
OPTIONS = ("most_places", "credit_address", "server_credit_address", "site")
ASKED_ALONE = (*CHANGEABLE, *OPTIONS, "status", "end", "ask_now", "demographics", "invite", "check_code")


class Command(StudyCommand):
    help = (
        "Recruit evaluators on a platform: makes the codes and prints the address to give it. "
        "Example: manage.py recruit_study smiles --platform prolific --site https://lab.example --reward 450"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--platform", choices=[one.value for one in ADAPTERS])
        parser.add_argument("--check-code", metavar="CODE", help="was this code given here to somebody, and for what?")
        parser.add_argument("--status", action="store_true", help="print what is known of every way that is there")
        parser.add_argument("--end", metavar="NAME", help="take nobody else by this way; who came goes on")
        parser.add_argument("--name", default="", help="its key in the address; by default STUDY-PLATFORM")
        parser.add_argument("--site", help="where this site is reached from outside, such as https://lab.example")
        parser.add_argument("--external-study", help="the study's id on the platform")
        parser.add_argument("--completion-code", default="", help="by default one is made")
        parser.add_argument("--screen-out-code", default="", help="by default one is made")
        parser.add_argument("--failed-check-code", default="", help="only with it can failed attention checks matter")
        parser.add_argument("--places", type=int, help="how many were asked for there")
        parser.add_argument("--credit-address", metavar="URL", help="SONA's client-side completion URL")
        parser.add_argument("--server-credit-address", metavar="URL", help="SONA's server-side one")
        parser.add_argument("--invite", type=int, metavar="N", help="print N addresses for one person each, as CSV")
        parser.add_argument("--most-places", type=int, help="ask there by itself for up to so many; costs money there")
        parser.add_argument("--ask-now", action="store_true", help="ask the platform now how its submissions stand")
        parser.add_argument("--demographics", metavar="FILE.csv", help="Prolific's demographic export, to be kept")
        parser.add_argument("--reward", type=int, help="for one session, in hundredths of the currency")
        parser.add_argument("--currency", help="three letters; GBP by default")
        parser.add_argument("--lowest-hourly", type=int, help="warn when people earn less an hour; in hundredths")

    def run(self, *, study: Study, platform: str | None, **options: Any) -> None:
        if platform is None and not any(options[name] for name in ASKED_ALONE):
            raise CannotRecruit("Where? Add --platform NAME, or --status to see what is there.")
        with transaction.atomic():  # and no longer: a platform is asked below, and may take its time
            self._write(study, platform, options)
        if options["check_code"]:
            self.stdout.write(whose_code(study, options["check_code"]))
        if options["demographics"]:
            self._keep_demographics(study, Path(options["demographics"]))
        if options["ask_now"]:
            self._ask(study)
        if options["end"]:
            self._end(study, options["end"])
        if options["status"]:
            self._print_status(study, options["site"])

    def _write(self, study: Study, platform: str | None, options: dict[str, Any]) -> None:
        if platform is not None:
            fields = {**_told(options), **{name: options[name] for name in CODES}}
            made = create_recruitment(study, platform, at=timezone.now(), key=options["name"], **fields)
            if not options["invite"]:
                self._print_link(made, made.options.get("site"))
        elif (told := _told(options)) and not (options["invite"] or options["status"]):
            changed = change_recruitment(recruitment_named(study, options["name"]), **told)
            self.stdout.write(f"'{changed.key}' is changed.")
        if options["invite"]:
            self._invite(study, options)

    def _print_link(self, recruitment: Recruitment, site: str | None) -> None:
        named = f"{recruitment.get_platform_display()}, as '{recruitment.key}'."
        if recruitment.ended_at:
            self.stdout.write(f"{named} Ended on {recruitment.ended_at:%Y-%m-%d}: nobody else is taken by it.")
            return
        if recruitment.platform == Platform.TOKENS:
            taken = recruitment.invitations.filter(session__isnull=False).count()
            self.stdout.write(f"{named} {recruitment.invitations.count()} made by --invite, {taken} of them used.")
            return
        page = f"{(site or 'https://YOUR-SITE').rstrip('/')}/r/{recruitment.key}/"
        self.stdout.write(f"{named} Give it this address:")
        self.stdout.write(f"  {adapter_of(recruitment.platform).link(recruitment, page)}")
        for which in ("completion", "screen_out", "failed_check"):
            if code := getattr(recruitment, f"{which}_code"):
                self.stdout.write(f"  {which.replace('_', '-')} code  {code}")

    def _end(self, study: Study, name: str) -> None:
        end_recruitment(recruitment_named(study, name), at=timezone.now())
        self.stdout.write(f"Nobody else is taken by '{name}'.")

    def _invite(self, study: Study, options: dict[str, Any]) -> None:
        name = options["name"]
        recruitment = recruitment_named(study, name) if name else newest_recruitment(study.pk, Platform.TOKENS)
        if recruitment is None:
            raise CannotRecruit(f"'{study.key}' has no addresses for one person each: add --platform tokens.")
        site = options["site"] or recruitment.options.get("site")
        if not site:
            raise CannotRecruit("Add --site https://YOUR-SITE: the addresses are told once, and begin with it.")
        tokens = invite(recruitment, options["invite"], at=timezone.now())
        first = recruitment.invitations.count() - len(tokens) + 1
        self.stdout.write("number,address")
        for number, token in enumerate(tokens, start=first):
            self.stdout.write(f"{number},{site.rstrip('/')}/r/{recruitment.key}/{token}/")

    def _keep_demographics(self, study: Study, file: Path) -> None:
        recruitment = self._on_prolific(study)
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                table = csv.DictReader(lines)
                if "Submission id" not in (table.fieldnames or []):
                    raise CannotRecruit(f"{file} has no column 'Submission id': is it Prolific's demographic export?")
                kept, unknown = keep_demographics(recruitment, table)
        except (UnicodeDecodeError, csv.Error):
            raise CannotRecruit(f"{file} is no CSV in UTF-8: take it from Prolific as it is.") from None
        self.stdout.write(f"Demographics of {kept} sessions kept; {unknown} rows are of no session here.")

    def _ask(self, study: Study) -> None:
        recruitment = self._to_ask(study)
        if recruitment.platform == Platform.PROLIFIC and not recruitment.external_study:
            raise CannotRecruit(f"'{recruitment.key}' does not know its study there: --external-study was not given.")
        try:
            done = keep_in_step(recruitment, at=timezone.now())
        except (NoCredentials, Refused, TryLater) as reason:
            raise CannotRecruit(f"{reason} What it had said before is followed.") from None
        self.stdout.write(f"{done.changed} submissions changed; {done.places or 'no'} places asked for.")

    def _to_ask(self, study: Study) -> Recruitment:
        sona = newest_recruitment(study.pk, Platform.SONA)
        return sona if sona and crediting.ADDRESS in sona.options else self._on_prolific(study)

    def _on_prolific(self, study: Study) -> Recruitment:
        recruitment = newest_recruitment(study.pk, Platform.PROLIFIC)
        if recruitment is None:
            raise CannotRecruit(f"'{study.key}' does not recruit on Prolific.")
        return recruitment

    def _print_status(self, study: Study, site: str | None) -> None:
        recruitments = study.recruitments.order_by("pk")
        if not recruitments:
            self.stdout.write("It recruits nowhere yet.")
        for recruitment in recruitments:
            self._print_link(recruitment, site or recruitment.options.get("site"))
            came = sessions_of(recruitment)
            if recruitment.platform in (Platform.TOKENS, Platform.ROOM):  # nobody there tells more than we see
                counts = [("began", came.count()), ("finished", came.filter(finished_at__isnull=False).count())]
            else:
                counts = recruitment.submissions.order_by("status").values_list("status").annotate(n=Count("pk"))
            said = ", ".join(f"{n} {status}" for status, n in counts) if came.exists() else "nobody came yet"
            late = recruitment.submissions.filter(late=True).count()
            self.stdout.write(f"  {said}" + (f"; {late} went on after it was taken back" if late else ""))
            paid = pay_of(recruitment)
            self.stdout.write(f"  {paid.sentence}")
            if paid.warning:
                self.stdout.write(self.style.WARNING(f"  {paid.warning}"))
            if newest := recruitment.events.order_by("-received_at").first():
                self.stdout.write(f"  last message {newest.received_at:%Y-%m-%d %H:%M} UTC: {newest.outcome}")


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given, as `Recruitment` has them."""
    fields = {name: options[name] for name in CHANGEABLE if options[name] is not None}
    own = {name: options[name] for name in OPTIONS if options[name] is not None}
    return fields | ({"options": own} if own else {})
