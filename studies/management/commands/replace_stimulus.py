"""`manage.py replace_stimulus`: show another video for one condition on one item of a paused study."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from studies.management.base import StudyCommand, user_named
from studies.services.replacements import replace_stimulus


class Command(StudyCommand):
    help = (
        "Replace what a condition shows for an item, after launch, while the study is paused. Votes on the old video "
        "are set aside and wanted again; a deviation keeps both hashes. "
        "Example: manage.py replace_stimulus pilot s07 social new.mp4 --reason 'It froze.' --user ada"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("item", metavar="ITEM", help="clip key of the item's speaker")
        parser.add_argument("condition", metavar="CONDITION", help="whose listener is replaced, such as social")
        parser.add_argument("video", metavar="VIDEO", type=Path, help="the new listener's video")
        parser.add_argument("--reason", required=True, help="why; kept with the deviation")
        parser.add_argument("--person", default="", help="key of who is seen in it, where that is known")
        parser.add_argument("--user", help="username of who replaces it; the deviation names nobody without")

    def run(self, **options: Any) -> None:
        done = replace_stimulus(
            options["study"].pk,
            item=options["item"],
            condition=options["condition"],
            video=options["video"],
            reason=options["reason"],
            person=options["person"],
            by=user_named(options["user"]),
            at=timezone.now(),
        )
        self.stdout.write(f"{done.deviation}\n{done.sentence} Go on with: manage.py open_study {options['study'].key}")
