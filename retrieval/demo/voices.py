"""Has sentences spoken by the separate speech program and measures what the mouth needs. Imports no GPL code."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SAMPLES_PER_S = 22050
# eSpeak NG's own voice variants for plain human voices, without its robots and whispers, and without those
# whose breath is drawn anew in each run (f2, f3, f5, Alicia): the same inputs give the same bytes.
VARIANTS = {
    "soft": ("Annie", "linda", "steph", "aunty", "belinda", "f1", "f4", "steph2", "steph3", "Andrea"),
    "strong": ("m1", "m3", "m7", "Alex", "Andy", "max", "john", "edward"),
}
ACCENTS = ("en-us", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland")


class SpeechFailed(RuntimeError):
    """The speech program ended without sound."""


@dataclass(frozen=True)
class Utterance:
    """One sentence to be spoken by one person within `length_s` seconds."""

    key: str
    text: str
    voice: str
    pitch: int
    range: int
    length_s: float


def speak_all(utterances: list[Utterance], directory: Path) -> dict[str, Path]:
    """Files of raw mono int16 samples, one an utterance, by its key; one process speaks them all.

    Raises SpeechFailed with what the program said.
    """
    if not utterances:
        return {}
    files = {utterance.key: directory / f"{utterance.key}.s16" for utterance in utterances}
    jobs = [
        {"text": u.text, "voice": u.voice, "pitch": u.pitch, "range": u.range, "length_s": u.length_s,
         "file": str(files[u.key])} for u in utterances
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "retrieval.demo.speech"],
        input=json.dumps(jobs), text=True, capture_output=True, check=False,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise SpeechFailed(f"The speech program failed: {said[-1]}")
    return files


def read_samples(file: Path, *, length_s: float) -> np.ndarray:
    """float32 (length_s * 22,050,), -1 to 1: a breath of silence, the speech at an even loudness, silence."""
    spoken = np.frombuffer(file.read_bytes(), dtype=np.int16).astype(np.float32) / 32768
    samples = np.zeros(round(length_s * SAMPLES_PER_S), dtype=np.float32)
    start = min(round(0.12 * SAMPLES_PER_S), max(len(samples) - len(spoken), 0))
    spoken = spoken[: len(samples) - start]
    level = float(np.sqrt(np.mean(spoken[np.abs(spoken) > 0.01] ** 2))) if np.any(np.abs(spoken) > 0.01) else 0.0
    if level == 0.0:
        raise SpeechFailed("The speech program made silence.")
    samples[start : start + len(spoken)] = np.clip(spoken * (0.14 / level), -0.98, 0.98)
    return samples


def measure_speech(samples: np.ndarray, *, fps: int) -> tuple[np.ndarray, np.ndarray]:
    """Loudness and sharpness of each picture's sound: float (pictures,), both 0 to 1.

    Sharpness is the share of sample-to-sample change in the signal's energy: high for s, sh and f.
    """
    step = SAMPLES_PER_S / fps
    count = round(len(samples) / step)
    loudness, sharpness = np.zeros(count), np.zeros(count)
    for i in range(count):
        part = samples[int(i * step) : int((i + 1) * step)]
        energy = float(np.sqrt(np.mean(part**2))) if len(part) else 0.0
        loudness[i] = energy
        if energy > 1e-4:
            sharpness[i] = min(float(np.sqrt(np.mean(np.diff(part) ** 2))) / energy / 1.2, 1.0)
    top = np.percentile(loudness, 95) or 1.0
    loudness = np.clip(loudness / top, 0, 1) ** 0.8
    kernel = np.array([0.2, 0.6, 0.2])
    return np.convolve(loudness, kernel, "same"), np.convolve(sharpness, kernel, "same")
