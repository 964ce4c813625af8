"""Writes one clip: H.264 pictures, AAC speech where there is some. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from retrieval.demo.layers import SIZE
from retrieval.demo.planes import Planes
from retrieval.demo.voices import SAMPLES_PER_S

FPS = 25
# A fixed quantiser spares x264 its look ahead, a quarter of its time (2026-11-22). One thread, or the bytes would
# depend on the machine. The colours' matrix is named, or browsers guess it.
X264 = {
    "preset": "ultrafast",
    "qp": "23",
    "x264-params": "threads=1:keyint=250:scenecut=0:aq-mode=0"
    ":colormatrix=smpte170m:colorprim=smpte170m:transfer=smpte170m",
}


def write_clip(file: Path, pictures: Iterable[Planes], *, samples: np.ndarray | None = None) -> int:
    """Writes `pictures` at 25 a second, with `samples` (float32 mono, 22,050 a second) as sound; returns how many."""
    count = 0
    with av.open(str(file), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FPS)
        video.width = video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.thread_count = 1
        video.options = X264
        sound = None
        if samples is not None:
            # A third less time than the default coder (2026-11-22).
            sound = container.add_stream("aac", rate=SAMPLES_PER_S, layout="mono", options={"aac_coder": "fast"})
            sound.bit_rate = 64_000
        for planes in pictures:
            frame = av.VideoFrame(SIZE, SIZE, "yuv420p")
            for plane, data in zip(frame.planes, planes, strict=True):
                plane.update(data)
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            container.mux(video.encode(frame))
            count += 1
        container.mux(video.encode(None))
        if sound is not None:
            _write_sound(container, sound, samples)
    return count


def _write_sound(container, sound, samples: np.ndarray) -> None:
    for start in range(0, len(samples), 1024):
        part = np.ascontiguousarray(samples[None, start : start + 1024], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLES_PER_S, start, Fraction(1, SAMPLES_PER_S)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))
