"""Real videos for tests, made in milliseconds: moving bars, so that each picture differs from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

MP4 = {"movflags": "+faststart"}
X264_SMALL = {"preset": "ultrafast", "crf": "30", "x264-params": "threads=1"}


def make_video(
    path: Path,
    *,
    frames: int = 25,
    fps: int = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    shade: int = 0,
    turned: int = 0,
    stamps_ms: Sequence[int] | None = None,
    sound_s: float = 0.0,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """A video of `frames` pictures, `fps` a second or at `stamps_ms`; with a tone of `sound_s` seconds.

    shade   tells two videos apart
    turned  degrees counter-clockwise that the rotation flag asks for (MP4)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    base = Fraction(1, 1000) if stamps_ms else Fraction(1, fps)
    with av.open(str(path), "w", format=container_format, options=MP4 if path.suffix == ".mp4" else {}) as out:
        out.metadata.update(metadata or {})
        stream = out.add_stream(codec, rate=fps, options=options or (X264_SMALL if codec == "libx264" else {}))
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = base
        stream.metadata.update(metadata or {})
        if turned:
            stream.set_display_rotation(turned)
        tone = out.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48_000) if sound_s else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size=size, shade=shade), format="rgb24")
            frame.pts, frame.time_base = (stamps_ms[number] if stamps_ms else number), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if tone:
            _write_tone(out, tone, sound_s)
    return path


def picture(number: int, *, size: tuple[int, int], shade: int) -> np.ndarray:
    """uint8 (height, width, 3): left half brighter than the right, a bar that moves down by a pixel a picture."""
    width, height = size
    image = np.full((height, width, 3), 60 + shade * 9 % 90, np.uint8)
    image[:, : width // 2] += 60
    image[number % height, :] = 235
    return image


def _write_tone(out, stream, length_s: float) -> None:
    samples = np.sin(np.arange(round(length_s * 48_000)) * 2 * np.pi * 440 / 48_000).astype(np.float32) / 4
    for start in range(0, len(samples), 960):
        piece = np.ascontiguousarray(samples[None, start : start + 960])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def pictures_of(path: Path) -> list[np.ndarray]:
    """Every picture of a video, decoded, as uint8 (height, width, 3)."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound_of(path: Path) -> np.ndarray:
    """The sound of a video: float32 (channels, samples)."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
