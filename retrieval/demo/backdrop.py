"""What moves hardly at all: the room, and the shoulders in their clothes. Painted once for each small shift."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from retrieval.demo.expressions import INDEX
from retrieval.demo.layers import CENTRE, SIZE, Layer, mix, smooth
from retrieval.demo.people import Look
from retrieval.demo.planes import OFFSET, TO_YUV, Canvas, Drawn, split, tools_of
from retrieval.demo.skull import neck_colour, neck_width

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


class Backdrop:
    """Room and shoulders of one person; shoulders rise and sink in steps of a quarter of a pixel, unseen."""

    def __init__(self, look: Look) -> None:
        self._room = make_room(look)
        self._light = cloth_light(look)
        self._layers = [(layer, tools_of(layer, int(layer.alpha))) for layer in body_layers(look)]
        self._canvas = Canvas()
        self._painted: dict[int, Drawn] = {}

    def steps(self, poses: np.ndarray) -> list[int]:
        """How far the shoulders are below rest at each pose, in quarters of a pixel."""
        return np.rint(-2.4 * poses[:, INDEX["shoulders"]] * 4).astype(int).tolist()

    def at(self, step: int) -> Drawn:
        if step not in self._painted:
            self._canvas.load(self._room)
            for layer, tools in self._layers:
                row = (layer.points + [0.0, step / 4]).ravel().tolist()
                if layer.anchor is None:
                    self._canvas.apply(row, tools)
                else:
                    self._canvas.fill_lit(row, tools, self._light, layer.anchor)
            self._painted[step] = self._canvas.save()
        return self._painted[step]


def cloth_light(look: Look) -> Image.Image:
    """Luma of the garment under a light from the upper left, as wide as the picture."""
    y, x = np.mgrid[0:140, 0:SIZE].astype(float)
    x, y = x / SIZE - 0.5, y / 140 - 0.5
    tone = (
        1.0
        - 0.34 * np.clip(x + 0.06, 0, 1) ** 1.2
        + 0.16 * np.exp(-(((x + 0.24) / 0.14) ** 2) - ((y + 0.05) / 0.3) ** 2)
    )
    tone -= 0.12 * np.clip(y, 0, 1) + 0.22 * np.exp(-((x / 0.17) ** 2) - ((y + 0.42) / 0.22) ** 2)
    luma = np.clip(tone * (TO_YUV[0] @ np.array(look.cloth, dtype=float)) + OFFSET[0], 16, 235)
    return Image.fromarray(np.rint(luma).astype(np.uint8))


def body_layers(look: Look) -> list[Layer]:
    """Shoulders, garment and the foot of the neck at rest; points are (n, 2)."""
    strong = look.build == "strong"
    wide, n = (186.0 if strong else 160.0), neck_width(look)
    dark, light = mix(look.cloth, BLACK, 0.24), mix(look.cloth, WHITE, 0.16)
    torso = _half(
        [(n - 2, 386), (n + 26, 403), (wide - 48, 422), (wide - 14, 446), (wide, 492)], steps=5
    )  # fmt: skip
    foot = _line([(n - 5, 388), (n - 5, 398), (n + 20, 405), (0, 448), (-n - 20, 405), (-n + 5, 398), (-n + 5, 388)])
    layers = [Layer(torso, look.cloth, anchor=np.array([CENTRE[0], SIZE - 70.0]))]
    if look.garment == "vee":
        band = smooth([(-n - 20, 398), (-n + 4, 428), (0, 470), (n - 4, 428), (n + 20, 398)], closed=False, steps=5)
        return [
            *layers,
            Layer(_moved(np.vstack([band, [[0, 388]]])), neck_colour(look)),
            Layer(_moved(band), dark, stroke=5.0),
        ]
    layers.append(Layer(foot, neck_colour(look)))
    if look.garment == "shirt":
        layers.append(Layer(_line([(0, 438), (0, 492)]), dark, 220, stroke=2.4))
        for side in (-1, 1):
            wing = [(-n - 8, 388), (-n - 24, 406), (-38, 458), (0, 438), (-n + 8, 412)]
            wing = [(-side * x, y) for x, y in wing]
            layers += [Layer(_line(wing), light), Layer(_line(wing[1:4]), dark, 150, stroke=1.8)]
        return [*layers, Layer(_line([(0, 468), (0.1, 468)]), WHITE, 200, stroke=4.5)]
    if look.garment == "hoodie":
        for side in (-1, 1):
            hood = smooth(
                [
                    (side * x, y)
                    for x, y in ((n + 2, 384), (n + 38, 390), (n + 46, 416), (28, 452), (6, 446), (n - 12, 418))
                ],
                closed=True,
                steps=4,
            )
            string = smooth([(side * 17, 444), (side * 20, 466), (side * 18, 490)], closed=False, steps=4)
            layers += [Layer(_moved(hood), dark), Layer(_moved(hood[4:14]), light, 130, luma=True, stroke=2.0)]
            layers.append(Layer(_moved(string), mix(light, WHITE, 0.5), 230, stroke=2.6))
        return layers
    band = smooth([(-n - 20, 397), (-n + 6, 423), (0, 438), (n - 6, 423), (n + 20, 397)], closed=False, steps=5)
    return [*layers, Layer(_moved(band), dark, stroke=8.0), Layer(_moved(band + [0, 5]), light, 90, stroke=1.4)]


def _half(right: list[tuple[float, float]], *, steps: int) -> np.ndarray:
    """A shape from its right half, open at the bottom."""
    return _moved(smooth([(-x, y) for x, y in right][::-1] + right, closed=False, steps=steps))


def _line(points: list[tuple[float, float]]) -> np.ndarray:
    return _moved(np.array(points, dtype=float))


def _moved(points: np.ndarray) -> np.ndarray:
    return points + [CENTRE[0], 0.0]


def make_room(look: Look) -> Drawn:
    """A room out of focus: wall, window or shelf or picture, and a plant or a lamp."""
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
                tone = mix(wall, tuple(int(v) for v in rng.integers(50, 200, 3)), 0.5)
                draw.rectangle((at, row - tall, at + width, row - 1), tone)
                at += width + float(rng.uniform(0, 3))
    else:
        a, b = across(16, 62)
        draw.rectangle((a, 30, b, 92), mix(wall, (250, 248, 240), 0.8))
        draw.rectangle((a + 6, 38, b - 6, 84), mix(wall, tuple(int(v) for v in rng.integers(70, 180, 3)), 0.45))
    a, b = across(178, 236)
    if rng.uniform() < 0.55:
        for _ in range(11):
            cx, cy = float(rng.uniform(a, b)), float(rng.uniform(96, 180))
            draw.ellipse((cx - 9, cy - 20, cx + 9, cy + 20), mix(wall, (70, 116, 78), float(rng.uniform(0.35, 0.7))))
    else:
        draw.ellipse((a + 4, 60, a + 52, 104), mix(wall, (255, 236, 190), 0.8))
        draw.rectangle((a + 25, 100, a + 31, 240), mix(wall, (80, 70, 64), 0.4))
    room = np.asarray(small.filter(ImageFilter.GaussianBlur(6)), dtype=float)
    y, x = np.mgrid[0 : SIZE // 2, 0 : SIZE // 2] / (SIZE / 2) - 0.5
    room = room * (1.06 - 0.1 * (x + 0.3) - 0.42 * np.clip(x**2 + y**2 - 0.12, 0, 1))[..., None]
    return split(room)
