"""The line that may be written into listeners' videos: what they are not. Pure: Pillow and numpy."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame

from .pictures import BLACK_LUMA, GREY_CHROMA

if TYPE_CHECKING:
    from PIL import ImageDraw

MARK = "research stimulus: not a real reply"
# Of the picture: on a phone a listener is 180 CSS pixels wide, and the letters of a wide one then 8 high.
BAND, LEAST_BAND_PX = 0.1, 12
LETTERS, ROOM = 0.8, 0.96
WHITE_LUMA = 235


def marked(frame: VideoFrame) -> VideoFrame:
    """A yuv420p picture with the line along its lower edge, on black; the same pixels in every picture of its size."""
    picture = frame.to_ndarray()
    band = band_of(frame.width, frame.height)
    height, width = frame.height, frame.width
    picture[height - band.shape[0] : height] = band
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    chroma[:, (height - band.shape[0]) // 2 :] = GREY_CHROMA
    written = VideoFrame.from_ndarray(picture, format="yuv420p")
    written.pts, written.time_base = frame.pts, frame.time_base
    return written


@lru_cache(maxsize=8)
def band_of(width: int, height: int) -> np.ndarray:
    """The band in luma: uint8 (band height, width), an even number of rows; width and height are even."""
    from PIL import Image, ImageDraw, ImageFont  # a web process that draws nothing does without

    rows = max(LEAST_BAND_PX, round(height * BAND / 2) * 2)
    band = Image.new("L", (width, rows), BLACK_LUMA)
    draw = ImageDraw.Draw(band)
    size = next((size for size in range(round(LETTERS * rows), 5, -1) if _fits(draw, size, width, rows)), 5)
    draw.text((width / 2, rows / 2), MARK, fill=WHITE_LUMA, font=ImageFont.load_default(size), anchor="mm")
    return np.asarray(band)


def _fits(draw: ImageDraw.ImageDraw, size: int, width: int, rows: int) -> bool:
    from PIL import ImageFont

    left, top, right, bottom = draw.textbbox((0, 0), MARK, font=ImageFont.load_default(size))
    return right - left <= ROOM * width and bottom - top <= rows
