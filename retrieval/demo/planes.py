"""Pictures as the three planes of YUV 4:2:0, and a canvas that draws into them.

Drawing in the planes saves turning every picture from RGB (1 ms of 4, 2026-11-22), and shapes that are only light or
shadow are drawn once.
"""

from __future__ import annotations

import aggdraw
import numpy as np
from PIL import Image

from retrieval.demo.layers import SIZE, Layer
from retrieval.demo.people import Colour

HALF = SIZE // 2
Planes = tuple[bytes, bytes, bytes]
# Luma, and chroma as the canvas has it: U, V and an unused byte a pixel.
Drawn = tuple[bytes, bytes]
# Brush or pen for luma, the same for chroma, whether it is a line; None for a plane that the layer leaves alone.
Tools = tuple[object | None, object | None, bool]
TO_YUV = np.array([[0.257, 0.504, 0.098], [-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]])
OFFSET = np.array([16.0, 128.0, 128.0])
# Nobody sees less; drawing it would cost as much as more.
FAINTEST = 4


def to_yuv(colour: Colour) -> tuple[int, ...]:
    """BT.601, video range."""
    return tuple(int(v) for v in np.rint(TO_YUV @ np.array(colour, dtype=float) + OFFSET))


def split(small: np.ndarray) -> Drawn:
    """A soft RGB picture given at half size, float (240, 240, 3), as a canvas loads it."""
    yuv = np.clip(small, 0, 255) @ TO_YUV.T + OFFSET
    luma = Image.fromarray(yuv[..., 0].astype(np.float32)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    chroma = np.rint(yuv[..., [1, 2, 2]]).astype(np.uint8)
    return np.rint(luma).astype(np.uint8).tobytes(), chroma.tobytes()


class Canvas:
    """A luma plane and, at half size, both chroma planes as the first two bands of one picture.

    One picture for both: finding a shape's edge costs more than filling it.
    """

    def __init__(self) -> None:
        self._luma = aggdraw.Draw("L", (SIZE, SIZE))
        self._chroma = aggdraw.Draw("RGB", (HALF, HALF))
        self._chroma.settransform((0.5, 0, 0, 0, 0.5, 0))
        self._mask: aggdraw.Draw | None = None

    def load(self, planes: Drawn) -> None:
        self._luma.frombytes(planes[0])
        self._chroma.frombytes(planes[1])

    def save(self) -> Drawn:
        return self._luma.tobytes(), self._chroma.tobytes()

    def planes(self) -> Planes:
        chroma = np.frombuffer(self._chroma.tobytes(), dtype=np.uint8).reshape(-1, 3)
        return self._luma.tobytes(), chroma[:, 0].tobytes(), chroma[:, 1].tobytes()

    def apply(self, row: list[float], tools: Tools) -> None:
        """Draws one shape whose points are x, y, x, y ..."""
        luma, chroma, is_line = tools
        if is_line:
            self._luma.line(row, luma)
            if chroma:
                self._chroma.line(row, chroma)
            return
        if luma:
            self._luma.polygon(row, luma)
        if chroma:
            self._chroma.polygon(row, chroma)

    def fill_lit(self, row: list[float], tools: Tools, light: Image.Image, anchor: tuple[float, float]) -> None:
        """Fills a shape: luma from `light`, whose middle goes to `anchor`, chroma with the brush.

        The light sits on whole pixels, which nobody sees in a soft gradient; the edge of the shape doesn't.
        """
        left, top = (round(anchor[i] - light.size[i] / 2) for i in (0, 1))
        if self._mask is None:
            self._mask, self._dark = aggdraw.Draw("L", light.size), bytes(light.width * light.height)
        self._mask.frombytes(self._dark)
        self._mask.settransform((1, 0, -left, 0, 1, -top))
        self._mask.polygon(row, _FULL)
        shape = Image.frombuffer("L", light.size, self._mask.tobytes(), "raw", "L", 0, 1)
        picture = Image.frombuffer("L", (SIZE, SIZE), self._luma.tobytes(), "raw", "L", 0, 1)
        picture.paste(light, (left, top), shape)
        self._luma.frombytes(picture.tobytes())
        self._chroma.polygon(row, tools[1])


_FULL = aggdraw.Brush((255, 255, 255), 255)


def tools_of(layer: Layer, alpha: int) -> Tools | None:
    """What draws the layer at this alpha; None when it is too faint to see."""
    if alpha < FAINTEST:
        return None
    y, u, v = to_yuv(layer.colour)
    if not layer.stroke:
        light = None if layer.hue else aggdraw.Brush((y, y, y), alpha)
        return light, None if layer.luma else aggdraw.Brush((u, v, 0), alpha), False
    # A pen's width isn't turned by the canvas' transformation.
    chroma = None if layer.luma else aggdraw.Pen((u, v, 0), layer.stroke / 2, alpha)
    return aggdraw.Pen((y, y, y), layer.stroke, alpha), chroma, True
