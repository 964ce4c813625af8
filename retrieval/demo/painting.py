"""Paints the layers of a clip, picture by picture, straight into the three planes of YUV 4:2:0.

Drawing in the planes saves turning every picture from RGB (1 ms of 4, 2026-11-22), and shapes that are only light or
shadow are drawn once instead of three times.
"""

from __future__ import annotations

from collections.abc import Iterator

import aggdraw
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from retrieval.demo.layers import SIZE, Layer, mix
from retrieval.demo.people import Colour, Look

HALF = SIZE // 2
Planes = tuple[bytes, bytes, bytes]


def to_yuv(colour: Colour) -> tuple[int, int, int]:
    """BT.601, video range."""
    r, g, b = colour
    return (
        round(16 + 0.257 * r + 0.504 * g + 0.098 * b),
        round(128 - 0.148 * r - 0.291 * g + 0.439 * b),
        round(128 + 0.439 * r - 0.368 * g - 0.071 * b),
    )


def paint(layers: list[Layer], *, textures: dict[str, Texture], background: Planes, count: int) -> Iterator[Planes]:
    """The pictures of a clip in order, each as the bytes of its planes Y, U, V."""
    canvases = [aggdraw.Draw("L", (size, size)) for size in (SIZE, HALF, HALF)]
    masks = [aggdraw.Draw("L", (size, size)) for size in (SIZE, HALF)]
    for canvas in (*canvases[1:], masks[1]):
        canvas.settransform((0.5, 0, 0, 0, 0.5, 0))
    prepared = [_prepare(layer, textures, count) for layer in layers]
    for picture in range(count):
        for canvas, plane in zip(canvases, background, strict=True):
            canvas.frombytes(plane)
        for points, tools, texture, anchor in prepared:
            row = points[picture]
            if texture is not None:
                _fill_with(texture, row, anchor[picture], canvases, masks)
                continue
            kind, planes = tools[picture] if len(tools) > 1 else tools[0]
            for canvas, tool in zip(canvases, planes, strict=False):
                if kind == "fill":
                    canvas.polygon(row, tool)
                elif kind == "line":
                    canvas.line(row, tool)
        yield tuple(canvas.tobytes() for canvas in canvases)


class Texture:
    """A painted patch in three planes; `middle` is the point that goes to a layer's anchor, even numbers."""

    def __init__(self, picture: Image.Image) -> None:
        planes = _split(picture)
        self.planes = [Image.fromarray(plane) for plane in planes]
        self.middle = (picture.width // 2 & ~1, picture.height // 2 & ~1)


def _prepare(layer: Layer, textures: dict[str, Texture], count: int):
    rows = np.broadcast_to(layer.points, (count, *layer.points.shape[1:])).reshape(count, -1).tolist()
    if layer.texture in textures:
        return rows, None, textures[layer.texture], layer.anchor
    alphas = np.clip(np.atleast_1d(layer.alpha), 0, 255).astype(int).tolist()
    return rows, [_tools(layer, alpha) for alpha in alphas], None, None


def _tools(layer: Layer, alpha: int):
    """What draws the layer at this alpha: ("fill" | "line" | "none", one brush or pen a plane)."""
    if alpha < 4:
        return "none", ()
    values = to_yuv(layer.colour)[: 1 if layer.luma else 3]
    if layer.stroke:
        return "line", [aggdraw.Pen((v, v, v), layer.stroke, alpha) for v in values]
    return "fill", [aggdraw.Brush((v, v, v), alpha) for v in values]


_FULL = aggdraw.Brush((255, 255, 255), 255)
_EMPTY = (bytes(SIZE * SIZE), bytes(HALF * HALF))


def _fill_with(texture: Texture, row: list[float], anchor: np.ndarray, canvases: list, masks: list) -> None:
    """Fills a shape from a texture. It sits on even pixels, which nobody sees in a soft gradient."""
    left = int(round(anchor[0] / 2)) * 2 - texture.middle[0]
    top = int(round(anchor[1] / 2)) * 2 - texture.middle[1]
    shapes = []
    for mask, empty, size in zip(masks, _EMPTY, (SIZE, HALF), strict=True):
        mask.frombytes(empty)
        mask.polygon(row, _FULL)
        shapes.append(Image.frombuffer("L", (size, size), mask.tobytes(), "raw", "L", 0, 1))
    for canvas, plane, shape, size, step in zip(
        canvases, texture.planes, (shapes[0], shapes[1], shapes[1]), (SIZE, HALF, HALF), (1, 2, 2), strict=True
    ):
        x, y = left // step, top // step
        box = (max(x, 0), max(y, 0), min(x + plane.width, size), min(y + plane.height, size))
        image = Image.frombytes("L", (size, size), canvas.tobytes())
        part = plane.crop((box[0] - x, box[1] - y, box[2] - x, box[3] - y))
        image.paste(part, box[:2], shape.crop(box))
        canvas.frombytes(image.tobytes())


def make_textures(look: Look) -> dict[str, Texture]:
    """Skin, hair, scarf and cloth of one person, lit from the upper left."""
    dark = look.skin_step >= 6
    width, height = 260, 340
    y, x = np.mgrid[0:height, 0:width].astype(float)
    x, y = x - width / 2, y - height / 2 + 10  # head coordinates: the anchor is (0, 10)
    skin = np.array(look.skin, dtype=float)
    warm = np.array((206, 92, 84) if not dark else (150, 62, 52), dtype=float)
    edge = np.clip((x / (96 * look.width)) ** 2 + ((y - 6) / 150) ** 2, 0, 1.3)
    light = 1.05 - 0.2 * edge**2 - 0.0011 * (x + 20) - 0.0006 * (y - 10)
    light += 0.055 * np.exp(-(((x + 26) / 46) ** 2 + ((y + 60) / 34) ** 2))
    for side in (-1, 1):
        light -= 0.07 * np.exp(-(((x - side * 38) / 25) ** 2 + ((y + 8) / 20) ** 2))
        light += 0.05 * np.exp(-(((x - side * 48) / 20) ** 2 + ((y - 30) / 14) ** 2))
        light -= 0.05 * np.exp(-(((x - side * 66) / 16) ** 2 + ((y - 74) / 30) ** 2))
    blush = sum(np.exp(-(((x - side * 52) / 25) ** 2 + ((y - 44) / 19) ** 2)) for side in (-1, 1))
    blush = 0.3 * blush + 0.16 * np.exp(-((x / 18) ** 2 + ((y - 44) / 16) ** 2))
    blush *= 1.15 if look.build == "soft" else 0.85
    face = skin * light[..., None]
    face += (warm - face) * np.clip(blush, 0, 0.5)[..., None] * 0.62
    textures = {"face": Texture(_image(face))}
    for name, base in (("hair", look.hair), ("scarf", look.cloth)):
        width, height = 300, 340
        y, x = np.mgrid[0:height, 0:width].astype(float)
        x, y = x - width / 2, y - height / 2 - 70
        sheen = np.exp(-(((y + 112 - 0.0016 * (x + 20) ** 2) / 15) ** 2 + ((x + 24) / 62) ** 2))
        tone = 0.98 - 0.0013 * (x + 20) - 0.16 * np.clip((np.abs(x) - 60) / 60, 0, 1)
        flat = np.array(base, dtype=float) * tone[..., None]
        strength = 0.16 if name == "scarf" else 0.22 if sum(base) > 240 else 0.17
        textures[name] = Texture(_image(flat + (235 - flat) * (strength * sheen)[..., None]))
    y, x = np.mgrid[0:160, 0:400].astype(float)
    tone = 1.06 - 0.0011 * (x - 150) - 0.0012 * (y - 80)
    textures["cloth"] = Texture(_image(np.array(look.cloth, dtype=float) * tone[..., None]))
    return textures


def make_background(look: Look) -> Planes:
    """A room out of focus: wall, window or lamp light, shelf, plant or picture."""
    rng = np.random.default_rng(look.room_seed)
    wall = look.room
    small = Image.new("RGB", (SIZE // 2, SIZE // 2), wall)
    draw = ImageDraw.Draw(small)
    flip = 1 if rng.uniform() < 0.5 else -1

    def across(x0: float, x1: float) -> tuple[float, float]:
        return (x0, x1) if flip > 0 else (240 - x1, 240 - x0)

    kind = int(rng.integers(0, 3))
    if kind == 0:
        a, b = across(-10, 66)
        draw.rectangle((a, 14, b, 150), mix(wall, (255, 255, 250), 0.7))
        draw.rectangle((a, 80, b, 84), mix(wall, (120, 110, 100), 0.3))
    elif kind == 1:
        a, b = across(0, 80)
        for row in (52, 104, 156):
            draw.rectangle((a, row, b, row + 5), mix(wall, (90, 60, 40), 0.55))
            at = a + 4
            while at < b - 8:
                width, tall = float(rng.uniform(4, 9)), float(rng.uniform(18, 34))
                tone = mix(wall, tuple(int(v) for v in rng.integers(50, 220, 3)), 0.55)
                draw.rectangle((at, row - tall, at + width, row - 1), tone)
                at += width + float(rng.uniform(0, 3))
    else:
        a, b = across(20, 66)
        draw.rectangle((a, 30, b, 92), mix(wall, (250, 248, 240), 0.8))
        draw.rectangle((a + 5, 36, b - 5, 86), mix(wall, tuple(int(v) for v in rng.integers(70, 200, 3)), 0.6))
    a, b = across(178, 236)
    if rng.uniform() < 0.55:
        for _ in range(11):
            cx, cy = float(rng.uniform(a, b)), float(rng.uniform(96, 180))
            draw.ellipse((cx - 9, cy - 20, cx + 9, cy + 20), mix(wall, (70, 116, 78), float(rng.uniform(0.35, 0.7))))
    else:
        draw.ellipse((a + 4, 60, a + 52, 104), mix(wall, (255, 236, 190), 0.8))
        draw.rectangle((a + 25, 100, a + 31, 240), mix(wall, (80, 70, 64), 0.4))
    small = small.filter(ImageFilter.GaussianBlur(6))
    room = np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC), dtype=float)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(float) / SIZE - 0.5
    room *= (1.06 - 0.1 * (x + 0.3) - 0.42 * np.clip(x**2 + y**2 - 0.12, 0, 1))[..., None]
    return tuple(plane.tobytes() for plane in _split(_image(room)))


def _image(array: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


def _split(picture: Image.Image) -> list[np.ndarray]:
    """Planes Y, U, V of an RGB picture with even sides, chroma averaged over 2x2."""
    rgb = np.asarray(picture, dtype=float)
    y = 16 + rgb @ np.array([0.257, 0.504, 0.098])
    chroma = [128 + rgb @ np.array(row) for row in ((-0.148, -0.291, 0.439), (0.439, -0.368, -0.071))]
    halved = [c.reshape(c.shape[0] // 2, 2, c.shape[1] // 2, 2).mean(axis=(1, 3)) for c in chroma]
    return [np.rint(plane).astype(np.uint8) for plane in (y, *halved)]
