"""A small study with real videos behind it, for the tests of this folder."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from retrieval.services.importing import import_clips
from studies.models import ShortListeners, Study
from studies.services.designs import create_study
from tests.videos import make_video

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
CONDITIONS = ("social", "random")
PLANTED = "Condition-social-by-METHOD7"


def write_table(path: Path, columns: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def make_filmed_study(
    folder: Path,
    *,
    key: str = "s",
    items: int = 2,
    listener_frames: int = 30,
    short_listeners: ShortListeners = ShortListeners.REFUSE,
) -> Study:
    """A draft of `items` items, each with a speaker of 1 s and one listener a condition; nothing is prepared."""
    clips, stimuli = [], []
    for number in range(items):
        speaker = make_video(folder / f"{PLANTED}-s{number}.mp4", frames=25, shade=number, sound_s=1.0)
        clips.append([f"s{number}", speaker.name, "speaker", f"p{number}", "", "", "", ""])
        for place, condition in enumerate(CONDITIONS):
            video = make_video(
                folder / f"{condition}{number}.mp4",
                frames=listener_frames,
                shade=10 + 2 * number + place,
                size=(64, 48 + 8 * place),
                metadata={"title": PLANTED},
            )
            clips.append([f"{condition}{number}", video.name, "listener", "", "", "", "", ""])
            stimuli.append([f"s{number}", condition, f"{condition}{number}"])
    columns = ["clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence"]
    import_clips(
        f"corpus-{key}", write_table(folder / "clips.csv", columns, clips), licence="CC0", consent="Drawn.", at=AT
    )
    return create_study(
        key,
        corpus_key=f"corpus-{key}",
        stimuli=write_table(folder / "stimuli.csv", ["item", "condition", "clip_key"], stimuli),
        contrasts=[CONDITIONS],
        at=AT,
        votes_per_comparison=2,
        short_listeners=short_listeners,
    )
