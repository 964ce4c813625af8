"""`manage.py open_batch`: open the next batch of a study's adaptive slots, if one is due."""

from typing import Any

from analysis.records import NoQuestion
from analysis.services.adaptive import open_due_batch
from studies.management.base import StudyCommand
from studies.models import Study
from studies.queries import adaptive_slots, unfilled_slots


class Command(StudyCommand):
    help = (
        "Open the next batch of a study's adaptive slots, if its plan has any and one is due, and say on which "
        "comparison groups. The site does so by itself every half minute. Example: manage.py open_batch demo"
    )

    def run(self, **options: Any) -> None:
        study: Study = options["study"]
        try:
            opened = open_due_batch(study.pk)
        except NoQuestion as reason:
            raise ValueError(str(reason)) from None
        slots = adaptive_slots(study)
        if opened:
            self.stdout.write(f"{sum(opened.values())} slots opened, {slots.left} more to come.")
            for group, number in sorted(opened.items(), key=lambda row: (-row[1], row[0])):
                self.stdout.write(f"  {group}: {number}")
        elif not slots.left:
            self.stdout.write(f"Study '{study.key}' has no adaptive slots to open now.")
        elif slots.due:
            self.stdout.write(f"Study '{study.key}' is {study.state}: batches open in an open study.")
        else:
            self.stdout.write(
                f"{slots.left} adaptive slots are to come; the next batch opens when under {study.trials_per_session} "
                f"slots are unanswered. Now {unfilled_slots(study).count()} are."
            )
