"""Paints the layers of a clip, picture by picture, and the light on its skin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from retrieval.demo.backdrop import Backdrop
from retrieval.demo.layers import Layer
from retrieval.demo.people import Look
from retrieval.demo.planes import OFFSET, TO_YUV, Canvas, Planes, Tools, tools_of
from retrieval.demo.skull import blush

LIGHT_SIZE = (300, 380)


def paint(layers: list[Layer], *, backdrop: Backdrop, steps: list[int], light: Image.Image) -> Iterator[Planes]:
    """The pictures of a clip in order, each as the bytes of its planes Y, U, V.

    steps   where the backdrop's shoulders are in each picture
    light   fills the luma of the layer that has an anchor
    """
    canvas = Canvas()
    prepared = [_prepare(layer, len(steps)) for layer in layers]
    for picture, step in enumerate(steps):
        canvas.load(backdrop.at(step))
        for rows, tools, anchor in prepared:
            tool = tools[picture] if len(tools) > 1 else tools[0]
            if anchor is not None:
                canvas.fill_lit(rows[picture], tool, light, anchor[picture])
            elif tool is not None:
                canvas.apply(rows[picture], tool)
        yield canvas.planes()


def _prepare(layer: Layer, count: int) -> tuple[list[list[float]], list[Tools | None], list | None]:
    rows = layer.points.reshape(count, -1).tolist()
    alphas = np.clip(np.atleast_1d(layer.alpha), 0, 255).astype(int).tolist()
    known = {alpha: tools_of(layer, alpha) for alpha in set(alphas)}
    return rows, [known[alpha] for alpha in alphas], None if layer.anchor is None else layer.anchor.tolist()


def skin_light(look: Look) -> Image.Image:
    """Luma of one person's face, lit from the upper left: an "L" picture in head coordinates around (0, 10)."""
    width, height = LIGHT_SIZE[0] // 2, LIGHT_SIZE[1] // 2  # drawn at half size: it is soft
    y, x = np.mgrid[0:height, 0:width] * 2.0
    x, y = (x - width) / 1.12, (y - height) / 1.12 + 10
    edge = np.clip((x / (96 * look.width)) ** 2 + ((y - 6) / 150) ** 2, 0, 1.3)
    light = 1.05 - 0.2 * edge**2 - 0.0011 * (x + 20) - 0.0006 * (y - 10)
    light += 0.055 * np.exp(-(((x + 26) / 46) ** 2) - ((y + 60) / 34) ** 2)
    for side in (-1, 1):
        light -= 0.07 * np.exp(-(((x - side * 38) / 25) ** 2) - ((y + 8) / 20) ** 2)
        light += 0.05 * np.exp(-(((x - side * 48) / 20) ** 2) - ((y - 30) / 14) ** 2)
        light -= 0.05 * np.exp(-(((x - side * 66) / 16) ** 2) - ((y - 74) / 30) ** 2)
    luma = light * (TO_YUV[0] @ np.array(look.skin, dtype=float))
    warm, alpha = blush(look)
    for side in (-1, 1):
        away = np.hypot((x - side * 51 * look.width) / 25, (y - 41) / 18)
        luma += (TO_YUV[0] @ np.array(warm, dtype=float) - luma) * 3 * alpha / 255 * np.clip(1.35 - away, 0, 1)
    luma = np.clip(luma + OFFSET[0], 16, 235)
    picture = Image.fromarray(luma.astype(np.float32)).resize(LIGHT_SIZE, Image.Resampling.BILINEAR)
    return Image.fromarray(np.rint(picture).astype(np.uint8))
