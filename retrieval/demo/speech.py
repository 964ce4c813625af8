"""Speaks sentences with eSpeak NG. A program of its own: `python -m retrieval.demo.speech < jobs.json`.

eSpeak NG is GPL; it is loaded here and nowhere else, and nothing imports this module (docs/decisions).
Standard input is JSON: a list of {"text", "voice", "pitch", "range", "length_s", "file"}; each file becomes mono
16-bit samples, 22,050 a second, without a header. The rate is chosen so that the sentence ends before `length_s`.
"""

from __future__ import annotations

import array
import ctypes
import json
import sys
from pathlib import Path

import espeakng_loader

SYNCHRONOUS, UTF8 = 2, 1
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
SLOWEST, USUAL, FASTEST = 125, 172, 420
SAMPLES_PER_S = 22050
# Silence left for the last syllable to die away and the face to ease off.
TAIL_S = 0.35


class Voice:
    """The speech engine, which is global to the process."""

    def __init__(self) -> None:
        self._engine = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = self._engine.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
        if rate != SAMPLES_PER_S:
            raise RuntimeError(f"eSpeak NG gave {rate} samples a second; {SAMPLES_PER_S} were expected.")
        self._heard = array.array("h")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._hear)
        self._engine.espeak_SetSynthCallback(self._callback)

    def _hear(self, samples, count: int, _events) -> int:
        if samples and count > 0:
            self._heard.frombytes(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, text: str, *, voice: str, pitch: int, range_: int, rate: int) -> array.array:
        """Samples of the whole text at this many words a minute."""
        self._heard = array.array("h")
        if self._engine.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak NG has no voice {voice!r}.")  # it would go on with the last one
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, range_), (VOLUME, 100)):
            self._engine.espeak_SetParameter(parameter, value, 0)
        data = text.encode() + b"\0"
        self._engine.espeak_Synth(data, len(data), 0, 1, 0, UTF8, None, None)
        self._engine.espeak_Synchronize()
        return self._heard


def say_within(voice: Voice, job: dict) -> array.array:
    """The sentence at a natural rate where it fits, faster where it must; cut with a fade where nothing helps."""
    room = max(job["length_s"] - TAIL_S, 0.6 * job["length_s"])
    how = {"voice": job["voice"], "pitch": job["pitch"], "range_": job["range"]}
    rate = USUAL
    samples = voice.say(job["text"], rate=rate, **how)
    for _ in range(4):
        took = len(samples) / SAMPLES_PER_S
        if 0.88 * room <= took <= room or (took < room and rate <= SLOWEST) or (took > room and rate >= FASTEST):
            break
        rate = round(min(max(rate * took / (0.96 * room), SLOWEST), FASTEST))
        samples = voice.say(job["text"], rate=rate, **how)
    limit = int(room * SAMPLES_PER_S)
    if len(samples) > limit:
        samples = samples[:limit]
        fade = min(SAMPLES_PER_S // 8, limit)
        for i in range(fade):
            samples[limit - fade + i] = samples[limit - fade + i] * (fade - i) // fade
    return samples


def main() -> None:
    voice = Voice()
    for job in json.load(sys.stdin):
        Path(job["file"]).write_bytes(say_within(voice, job).tobytes())


if __name__ == "__main__":
    main()
