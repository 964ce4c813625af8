"""Draws the clips of a cast, in several processes where there are cores for them.

Processes of our own rather than multiprocessing: they need no importable main program and run under any worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from retrieval.demo.casting import CastClip, Order
from retrieval.demo.encoding import FPS, write_clip
from retrieval.demo.expressions import EXPRESSIONS
from retrieval.demo.faces import draw_clip
from retrieval.demo.motion import Motion, make_motion
from retrieval.demo.voices import measure_speech, read_samples

Facts = dict[str, dict[str, str | float]]


class DrawingFailed(RuntimeError):
    """A drawing process ended before its clips were done."""


def draw_one(order: Order, clip: CastClip, *, clips: Path, speech: Path) -> dict[str, str | float]:
    """Draws and writes one clip; returns the ground truth of its motion."""
    samples, heard = None, {}
    if clip.utterance is not None:
        samples = read_samples(speech / f"{clip.key}.s16", length_s=order.length_s)
        loudness, sharpness = measure_speech(samples, fps=FPS)
        heard = {"loudness": loudness, "sharpness": sharpness}
    motion = motion_of(order, clip, **heard)
    write_clip(clips / f"{clip.key}.mp4", draw_clip(clip.look, motion.poses), samples=samples)
    expression = EXPRESSIONS[clip.emotion]
    return {
        "onset_s": motion.onset_s, "peak_s": motion.peak_s, "nods": motion.nods, "shakes": motion.shakes,
        "laughs": int(expression.laughs), "rolls_eyes": int(expression.rolls_eyes), "blinks": len(motion.blinks_s),
        "blinks_s": " ".join(str(t) for t in motion.blinks_s),
    }  # fmt: skip


def motion_of(order: Order, clip: CastClip, **heard: np.ndarray) -> Motion:
    """How the person of this clip moves; `heard` is what measure_speech gives for a speaker."""
    return make_motion(
        clip.emotion, intensity=clip.intensity, length_s=order.length_s, fps=FPS,
        rng=np.random.default_rng(list(clip.seed)), **heard,
    )  # fmt: skip


def draw_all(
    order: Order, cast: list[CastClip], *, clips: Path, speech: Path, processes: int,
    on_progress: Callable[[int, int], None],
) -> Facts:  # fmt: skip
    """Draws every clip of the cast; returns the ground truth by clip key. Raises DrawingFailed."""
    facts: Facts = {}
    if processes == 1 or len(cast) < 4:
        for clip in cast:
            facts[clip.key] = draw_one(order, clip, clips=clips, speech=speech)
            on_progress(len(facts), len(cast))
        return facts
    lock = threading.Lock()

    def take(process: subprocess.Popen) -> None:
        for line in process.stdout:
            with lock:
                facts.update(json.loads(line))
                on_progress(len(facts), len(cast))

    count = min(processes, len(cast))
    workers = [_start(order, clips, speech, share=(number, count)) for number in range(count)]
    readers = [threading.Thread(target=take, args=(worker,)) for worker in workers]
    try:
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        codes = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()
    if any(codes) or len(facts) != len(cast):
        raise DrawingFailed(f"Of {len(cast)} clips {len(facts)} were drawn; the drawing processes ended with {codes}.")
    return facts


def _start(order: Order, clips: Path, speech: Path, *, share: tuple[int, int]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-m", "retrieval.demo.draw_share"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    json.dump({"order": order.as_dict(), "clips": str(clips), "speech": str(speech), "share": share}, process.stdin)
    process.stdin.close()
    return process
