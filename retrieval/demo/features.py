"""Eyes, brows, nose and mouth: the parts of a face that speak."""

from __future__ import annotations

import numpy as np

from retrieval.demo.layers import Head, Layer, mix
from retrieval.demo.people import Look

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
LID = np.linspace(-1, 1, 15)
RING = np.linspace(0, 2 * np.pi, 20, endpoint=False)


def eye_layers(head: Head, look: Look) -> list[Layer]:
    """Both eyes, each from socket to lashes."""
    return [layer for side in (-1, 1) for layer in _eye(head, look, side)]


def _eye(head: Head, look: Look, side: int) -> list[Layer]:
    dark = look.skin_step >= 6
    half = 21.5 * look.eye_size
    centre = side * 38.0 * look.eye_gap * look.width
    gaze_x, gaze_y = np.clip(head.get("gaze_x"), -1.1, 1.1), np.clip(head.get("gaze_y"), -1.2, 1.1)
    squint = np.clip(head.get("squint"), -0.1, 1.0)
    lid = np.clip(head.get("lid"), 0.0, 1.5) * (1 - 0.16 * squint)
    lid = np.clip(lid - 0.28 * np.clip(gaze_y, 0, 1) * lid + 0.1 * np.clip(-gaze_y, 0, 1), 0.0, 1.5)
    arch = (1 - LID**2) ** 0.75
    tilt = -1.6 * LID * side  # the outer corner sits higher
    low = (7.0 * look.eye_size * (1 - 0.72 * squint)) * arch + tilt
    closed = 4.2 * (1 - 0.6 * squint) * arch + tilt
    high = closed + (-13.2 * look.eye_size * (1 - 0.12 * LID * side) * arch + tilt - closed) * lid
    high = np.minimum(high, low)
    x = centre + half * LID

    def within(px: np.ndarray, py: np.ndarray) -> np.ndarray:
        """Keeps a shape between the lids: each point is moved up or down to the lid it passed."""
        s = np.clip((px - centre) / half, -1, 1)
        at = (s + 1) / 2 * (len(LID) - 1)
        i = np.clip(at.astype(int), 0, len(LID) - 2)
        f = at - i
        rows = np.arange(len(high))[:, None]
        top = high[rows, i] * (1 - f) + high[rows, i + 1] * f
        bottom = low[rows, i] * (1 - f) + low[rows, i + 1] * f
        return head.on_face(centre + half * s, np.clip(py, top, bottom), -2)

    def disc(radius: float, dx: float = 0.0, dy: float = 0.0) -> np.ndarray:
        return within(
            centre + 7.5 * gaze_x + dx + radius * np.cos(RING), -2.0 + 6.5 * gaze_y + dy + radius * np.sin(RING)
        )

    shade = mix(look.skin, (96, 44, 40) if not dark else (30, 12, 12), 0.38)
    lash = (34, 24, 24)
    crease_y = np.minimum(high - 4.0, -12.5 * look.eye_size * arch - 3.2 + tilt - 2 * np.clip(lid - 1, 0, 1))
    both = lambda a, b: np.concatenate([a, b[:, ::-1]], axis=1)  # noqa: E731 - there and back again
    upper, lower = head.on_face(x, high, 0), head.on_face(x, low, -1)
    white = mix((246, 243, 240), look.skin, 0.06)
    radius = 10.9 * look.eye_size
    thick = (2.9 if look.build == "soft" else 2.2) * (0.45 + 0.55 * arch)
    wing = np.where(side * LID > 0.85, 2.6 * side, 0.0) if look.build == "soft" else 0.0
    layers = [
        Layer(both(head.on_face(x * 1.0, crease_y), head.on_face(x, low + 1.0)), shade, 62, luma=True),
        Layer(both(upper, lower), white),
        Layer(disc(radius), mix(look.eye, BLACK, 0.45), luma=True),
        Layer(disc(radius - 1.7), look.eye),
        Layer(disc(radius * 0.62, 0, 2.6), mix(look.eye, (255, 226, 170), 0.28), 120, luma=True),
        Layer(disc(radius * 0.47), (18, 14, 14), luma=True),
        Layer(both(upper, within(np.broadcast_to(x, high.shape), high + 4.6)), BLACK, 62, luma=True),
        Layer(disc(2.7, -3.4, -4.2), WHITE, 235, luma=True),
        Layer(disc(1.3, 3.6, 3.4), WHITE, 120, luma=True),
        Layer(both(head.on_face(x + wing, high - thick, 1), head.on_face(x, high + 0.8, 1)), lash, 240, luma=True),
        Layer(lower, mix(shade, BLACK, 0.25), 120, luma=True, stroke=1.1),
        Layer(head.on_face(x, crease_y), mix(shade, BLACK, 0.2), 120, luma=True, stroke=1.3),
    ]
    bag = np.clip(0.15 + (0.35 if look.age == "older" else 0.0) + 0.75 * squint[:, 0], 0, 1)
    layers.append(
        Layer(
            head.on_face(x * 1.0, low + 5.5 + 2.0 * arch), mix(look.skin, BLACK, 0.4), 95 * bag, luma=True, stroke=1.6
        )
    )
    if look.age != "young":
        corner = centre + side * (half + 6)
        for dy in (-4.0, 1.5, 6.5):
            line = head.on_face(np.array([corner, corner + side * 8.0]), np.array([0.4 * dy, 1.4 * dy]))
            layers.append(
                Layer(line, mix(look.skin, BLACK, 0.45), np.clip(25 + 90 * squint[:, 0], 0, 110), luma=True, stroke=1.2)
            )
    return layers


def brow_layers(head: Head, look: Look) -> list[Layer]:
    """Brows, the lines between them and across the forehead."""
    colour = mix(look.hair, BLACK, 0.3 if look.hair_name in ("blond", "auburn", "white", "grey") else 0.0)
    along = np.linspace(0, 1, 9)
    brow_in, brow_out, knit = head.get("brow_in"), head.get("brow_out"), head.get("brow_knit")
    layers = []
    for side, own in ((-1, head.get("brow_left")), (1, head.get("brow_right"))):
        gap, width = 38.0 * look.eye_gap * look.width, look.width
        x = side * (gap - 22 - 5.5 * np.clip(knit, -0.2, 1) + along * 49 * width)
        weight_in, weight_out = (1 - along) ** 1.3, along**0.8 * (1 - 0.35 * along)
        y = -29.0 - 4.5 * np.sin(np.pi * along**0.85) + 3.0 * along
        y = y - 11.5 * brow_in * weight_in - 13.0 * brow_out * weight_out - 10.5 * own * (0.45 + 0.55 * along)
        y = y + 4.5 * np.clip(knit, 0, 1) * weight_in
        thick = (
            3.9
            * look.brow
            * np.clip(0.55 + 3 * along, 0, 1)
            * (1 - along) ** 0.35
            * (0.55 + 0.45 * np.sin(np.pi * (0.25 + 0.75 * along)))
        )
        top, bottom = head.on_face(x, y - thick, 5), head.on_face(x, y + thick * 0.75, 5)
        layers.append(Layer(np.concatenate([top, bottom[:, ::-1]], axis=1), colour, 232))
    deep = mix(look.skin, (40, 10, 10), 0.5)
    frown = np.clip(knit[:, 0], 0, 1)
    for side in (-1, 1):
        line = head.on_face(side * (7.5 - 2 * knit) + 0 * along[:3], np.array([-38.0, -30.0, -21.0]) - 4 * brow_in, 6)
        layers.append(Layer(line, deep, 150 * frown, luma=True, stroke=1.8))
    raised = np.clip(0.6 * (brow_in + brow_out)[:, 0] - 0.35, 0, 1) + (0.2 if look.age == "older" else 0.0)
    raised = raised + 0.5 * np.clip(brow_in[:, 0] - brow_out[:, 0] - 0.8, 0, 1)
    for height in (-62.0, -72.0):
        x = np.linspace(-36, 36, 9)
        line = head.on_face(x, height + 3 * np.cos(x / 16.0) - 5 * brow_in, 2)
        layers.append(Layer(line, deep, np.clip(95 * raised, 0, 110), luma=True, stroke=1.6))
    return layers


def nose_layers(head: Head, look: Look) -> list[Layer]:
    """A soft bridge, wings, nostrils and a light on the tip."""
    up = -3.5 * np.clip(head.get("nose_wrinkle"), 0, 1)
    length, width = 47.0 * look.nose_length, 15.5 * look.nose_width
    shadow = mix(look.skin, (70, 20, 16), 0.55)
    side_x = np.array([7.0, 8.0, 10.0, width * 0.98, width * 0.7, 5.0, 4.0, 3.0])
    side_y = np.array([-14.0, 6.0, length - 16, length - 2, length + 4, length - 6, 8.0, -12.0])
    side_z = np.array([4.0, 10, 20, 14, 18, 26, 16, 6])
    base = np.linspace(-1, 1, 13)
    bottom_y = length + 5.0 - 3.2 * np.abs(base) ** 2.0 + 2.2 * np.cos(2 * np.pi * base) * (np.abs(base) < 0.75)
    layers = [
        Layer(head.on_face(side_x, side_y + up, side_z), shadow, 46, luma=True),
        Layer(head.on_face(base * width, bottom_y + up, 22 - 8 * base**2), shadow, 200, luma=True, stroke=2.2),
    ]
    for side in (-1, 1):
        wing_x = side * width * np.array([0.86, 1.08, 1.1, 0.92])
        wing_y = length + np.array([-9.0, -6.0, 0.0, 4.0])
        layers.append(Layer(head.on_face(wing_x, wing_y + up, 10), shadow, 150, luma=True, stroke=1.8))
        ring = RING[::2]
        hole = head.on_face(
            side * width * 0.48 + 3.9 * look.nose_width * np.cos(ring), length + 2.6 + 1.9 * np.sin(ring) + up, 19
        )
        layers.append(Layer(hole, mix(shadow, BLACK, 0.45), 190, luma=True))
        wrinkle = head.on_face(side * np.array([9.0, 15.0]), np.array([6.0, 11.0]) + up, 8)
        layers.append(
            Layer(wrinkle, shadow, 170 * np.clip(head.get("nose_wrinkle")[:, 0], 0, 1), luma=True, stroke=1.6)
        )
    glow = 62 if look.skin_step < 6 else 44
    ring = RING[::2]
    layers.append(
        Layer(head.on_face(-2.5 + 4.2 * np.cos(ring), length - 7 + 5.0 * np.sin(ring) + up, 27), WHITE, glow, luma=True)
    )
    ridge = np.array([[-3.4, -6], [-0.6, -8], [-0.8, 22], [-3.6, 22]], dtype=float)
    layers.append(Layer(head.on_face(ridge[:, 0], ridge[:, 1] + up, 17), WHITE, glow * 0.5, luma=True))
    return layers
