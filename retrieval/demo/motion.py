"""How a face moves through a clip: at rest, then the reaction, then easing off, with everything alive that is small.

Pure, numpy only. Time runs at `fps` pictures a second; poses are float64 (pictures, len(PARAMETERS)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrieval.demo.expressions import EXPRESSIONS, INDEX, REST, Expression


@dataclass(frozen=True)
class Motion:
    """The poses of one clip and what was drawn into it, for the ground truth; times in seconds."""

    poses: np.ndarray
    onset_s: float
    peak_s: float
    nods: int
    shakes: int
    blinks_s: tuple[float, ...]


def make_motion(
    emotion: str,
    *,
    intensity: float,
    length_s: float,
    fps: int,
    rng: np.random.Generator,
    loudness: np.ndarray | None = None,
    sharpness: np.ndarray | None = None,
) -> Motion:
    """Poses for one clip.

    emotion, intensity  a name in EXPRESSIONS; 0 to about 1
    loudness, sharpness float (pictures,), 0 to 1: how loud and how hissing the voice is; given for a speaker only
    """
    expression = EXPRESSIONS[emotion]
    speaks = loudness is not None
    count = round(length_s * fps)
    t = np.arange(count) / fps
    poses = np.tile(np.array(REST), (count, 1))
    onset = float(rng.uniform(0.05, 0.1) if speaks else rng.uniform(0.13, 0.24)) * length_s
    rise = min(0.55, 0.12 * length_s)
    envelope, peak = _envelope(t, onset=onset, rise=rise, length_s=length_s, rng=rng)
    for name, value in _targets(expression).items():
        # Parts of a face don't start together: brows lead, the head follows.
        lag = {"yaw": 0.12, "pitch": 0.1, "roll": 0.18, "lean": 0.22, "shoulders": 0.2}.get(name, 0.0)
        shifted = np.interp(t - lag - rng.uniform(0, 0.06), t, envelope)
        poses[:, INDEX[name]] += shifted * intensity * (value - REST[INDEX[name]])
    _add_life(poses, t, rng=rng)
    nods = _add_head_movements(poses, t, expression, intensity=intensity, start=onset + rise, rng=rng)
    if expression.rolls_eyes:
        _roll_eyes(poses, t, start=onset + 0.6 * rise, length_s=length_s)
    _move_gaze(poses, t, rng=rng, strays=expression.looks_away)
    if expression.laughs:
        _laugh(poses, t, envelope * intensity, rng=rng)
    if speaks:
        _speak(poses, t, loudness, sharpness, rng=rng)
    blinks = _blink(poses, t, length_s=length_s, rng=rng)
    shakes = expression.shakes if not speaks else 0
    return Motion(poses, round(onset, 3), round(peak, 3), nods, shakes, blinks)


def _targets(expression: Expression) -> dict[str, float]:
    targets = {name: value for name, value in expression.pose.items() if name != "smile"}
    if "smile" in expression.pose:
        targets["smile_left"] = targets["smile_right"] = expression.pose["smile"]
    return targets


def _smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def _envelope(
    t: np.ndarray, *, onset: float, rise: float, length_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """0 before the onset, a small overshoot, a hold that wavers, then easing to about a half."""
    up = _smoothstep((t - onset) / rise)
    overshoot = 0.16 * np.exp(-(((t - onset - rise) / (0.5 * rise + 0.05)) ** 2))
    fade_from = onset + rise + float(rng.uniform(0.35, 0.5)) * length_s
    fade = 1 - float(rng.uniform(0.25, 0.5)) * _smoothstep((t - fade_from) / (0.25 * length_s))
    waver = 1 + 0.07 * smooth_noise(t, 0.9, rng=rng)
    return up * fade * waver + overshoot * up, onset + rise


def smooth_noise(t: np.ndarray, hertz: float, *, rng: np.random.Generator) -> np.ndarray:
    """A smooth random line with about `hertz` waves a second and unit size: three sines of near frequencies."""
    phases = rng.uniform(0, 2 * np.pi, 3)
    rates = hertz * np.array([0.6, 1.0, 1.55]) * rng.uniform(0.85, 1.15, 3)
    return np.sin(2 * np.pi * np.outer(t, rates) + phases) @ np.array([0.5, 0.35, 0.15])


def _add_life(poses: np.ndarray, t: np.ndarray, *, rng: np.random.Generator) -> None:
    """Small drift of head and muscles, and breathing: nobody holds still."""
    drift = {"yaw": (2.4, 0.25), "pitch": (1.4, 0.3), "roll": (1.5, 0.2), "lean": (0.12, 0.15)}
    tremor = {"brow_in": 0.07, "brow_out": 0.06, "smile_left": 0.05, "smile_right": 0.05, "press": 0.05,
              "wide": 0.04, "squint": 0.05}  # fmt: skip
    for name, (size, hertz) in drift.items():
        poses[:, INDEX[name]] += size * smooth_noise(t, hertz, rng=rng)
    for name, size in tremor.items():
        poses[:, INDEX[name]] += size * smooth_noise(t, 0.6, rng=rng)
    poses[:, INDEX["shoulders"]] += 0.35 * np.sin(2 * np.pi * (t * rng.uniform(0.24, 0.32) + rng.uniform()))


def _add_head_movements(
    poses: np.ndarray, t: np.ndarray, expression: Expression, *, intensity: float, start: float,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Bursts of nods (each down quickly, up slower, dying away) and slow shakes of the head; returns nods made."""
    strength = 0.45 + 0.55 * intensity
    made, at = 0, start + float(rng.uniform(0.0, 0.5))
    while made < expression.nods and at + 0.35 < t[-1]:
        period = float(rng.uniform(0.5, 0.68))
        for wave in range(int(rng.integers(1, 3))):
            size = expression.nod_degrees * strength * 0.75**wave * float(rng.uniform(1.1, 1.6))
            phase = (t - at) / period
            dip = np.where((phase > 0) & (phase < 1), np.sin(np.pi * np.clip(phase, 0, 1) ** 0.8) ** 2, 0.0)
            poses[:, INDEX["pitch"]] += size * dip
            made, at = made + 1, at + period
        at += float(rng.uniform(0.3, 1.1))
    if expression.shakes:
        duration = 0.75 * expression.shakes
        phase = (t - start) / duration
        window = np.where((phase > 0) & (phase < 1), np.sin(np.pi * np.clip(phase, 0, 1)), 0.0)
        sway = np.sin(2 * np.pi * phase * expression.shakes)
        poses[:, INDEX["yaw"]] += 8.0 * strength * window * sway
    return made


def _roll_eyes(poses: np.ndarray, t: np.ndarray, *, start: float, length_s: float) -> None:
    """Eyes go up and round in an arc of about a second, and again later when there is time."""
    for at in (start, start + 0.5 * length_s):
        phase = np.clip((t - at) / 1.15, 0, 1)
        window = np.sin(np.pi * phase) ** 0.7
        angle = np.pi * (1 - phase)
        poses[:, INDEX["gaze_x"]] += 0.9 * window * np.cos(angle)
        poses[:, INDEX["gaze_y"]] += -1.25 * window * np.sin(angle)
        poses[:, INDEX["lid"]] += 0.22 * window
        poses[:, INDEX["pitch"]] += -5 * window


def _move_gaze(poses: np.ndarray, t: np.ndarray, *, rng: np.random.Generator, strays: bool) -> None:
    """Saccades: the eyes rest near the other's face for a while and jump within one or two pictures."""
    aim = np.zeros((len(t), 2))
    at = 0.0
    while at < t[-1]:
        far = rng.uniform() < (0.35 if strays else 0.12)
        size = (0.55, 0.3) if far else (0.14, 0.1)
        aim[t >= at] = rng.normal(0, size)
        at += float(rng.uniform(0.35, 0.7) if far else rng.uniform(0.6, 1.8))
    softened = aim.copy()
    softened[1:] = 0.75 * aim[1:] + 0.25 * aim[:-1]
    # Eyes hold their aim while the head turns under them, as far as they reach.
    softened[:, 0] -= np.clip(poses[:, INDEX["yaw"]] / 26, -0.45, 0.45) * (0.2 if strays else 1)
    softened[:, 1] -= np.clip(poses[:, INDEX["pitch"]] / 30, -0.35, 0.35)
    poses[:, INDEX["gaze_x"]] += softened[:, 0]
    poses[:, INDEX["gaze_y"]] += softened[:, 1]


def _laugh(poses: np.ndarray, t: np.ndarray, size: np.ndarray, *, rng: np.random.Generator) -> None:
    """Four to five bursts a second in shoulders, head and jaw, in two fits."""
    hertz = float(rng.uniform(4.2, 4.9))
    fits = np.clip(np.sin(2 * np.pi * (t / 2.6 - 0.2)), 0, 1)
    burst = np.sin(2 * np.pi * hertz * t) * fits * size
    poses[:, INDEX["shoulders"]] += 0.55 * burst
    poses[:, INDEX["pitch"]] += 1.3 * burst
    poses[:, INDEX["open"]] += 0.14 * burst


def _speak(
    poses: np.ndarray, t: np.ndarray, loudness: np.ndarray, sharpness: np.ndarray, *, rng: np.random.Generator
) -> None:
    """The mouth follows the voice: loud opens it, a hiss spreads and nearly closes it; stress moves the head."""
    voiced = np.clip(loudness[: len(t)], 0, 1)
    hiss = np.clip(sharpness[: len(t)], 0, 1)
    poses[:, INDEX["open"]] = 0.25 * poses[:, INDEX["open"]] + 0.62 * voiced * (1 - 0.6 * hiss)
    poses[:, INDEX["wide"]] += 0.4 * hiss * (voiced > 0.05) - 0.25 * voiced * (1 - hiss)
    poses[:, INDEX["lip_raise"]] *= 0.5
    poses[:, INDEX["press"]] *= 1 - np.clip(4 * voiced, 0, 1)
    slow = np.convolve(voiced, np.ones(9) / 9, mode="same")
    poses[:, INDEX["pitch"]] += 5.0 * (slow - slow.mean())
    poses[:, INDEX["brow_in"]] += 0.5 * (slow - slow.mean())
    poses[:, INDEX["brow_out"]] += 0.6 * (slow - slow.mean())
    poses[:, INDEX["yaw"]] += 2.5 * slow * smooth_noise(t, 0.5, rng=rng)


def _blink(poses: np.ndarray, t: np.ndarray, *, length_s: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Lids fall in two pictures and rise in four; gaps of 1.2 to 4 seconds, sometimes a double."""
    times: list[float] = []
    at = float(rng.uniform(0.25, 1.2))
    while at < length_s - 0.25:
        times.append(round(at, 3))
        at += 0.38 if rng.uniform() < 0.12 else float(rng.uniform(1.2, 4.0))
    for blink in times:
        since = (t - blink) / 0.1
        closed = np.where(since < 0, np.exp(-((since / 0.55) ** 2)), np.exp(-((since / 1.0) ** 2)))
        poses[:, INDEX["lid"]] *= 1 - closed
    return tuple(times)
