"""The head around the features: outline, skin, ears, neck, glasses."""

from __future__ import annotations

import numpy as np

from retrieval.demo.layers import CENTRE, HEAD_SCALE, SIZE, Head, Layer, mix, smooth
from retrieval.demo.people import Colour, Look

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
RING = np.linspace(0, 2 * np.pi, 22, endpoint=False)


def outline(look: Look) -> np.ndarray:
    """The face from the top round the right side to the chin and back: float (n, 2), mouth closed."""
    w, j, c = 88.0 * look.width, look.jaw, look.chin
    right = [
        (0, -118), (0.56 * w, -108), (0.9 * w, -70), (w, -22), (0.985 * w, 22), (0.925 * w, 58),
        (0.74 * w * j, 95 * c), (0.4 * w * j, 120 * c), (0.13 * w * j, 128 * c),
    ]  # fmt: skip
    left = [(-x, y) for x, y in right[1:]][::-1]
    return smooth(right + left, closed=True, steps=4)


def face_outline(head: Head, look: Look) -> np.ndarray:
    """The outline as it moves: float (pictures, n, 2)."""
    points = outline(look)
    x, y = points[:, 0], points[:, 1]
    low = np.clip((y - 55) / 70, 0, 1)
    smile = np.clip(0.5 * (head.get("smile_left") + head.get("smile_right")), 0, 1)
    cheek = np.exp(-(((y - 50) / 26) ** 2))
    moved_y = y + low**1.5 * 15.0 * np.clip(head.get("open"), 0, 1)
    moved_x = x * (1 + 0.03 * smile * cheek - 0.03 * low * np.clip(head.get("open"), 0, 1))
    return head.place(moved_x, moved_y, 8 + 38 * np.clip((y + 20) / 150, 0, 1))


def ear_layers(head: Head, look: Look) -> list[Layer]:
    """Ears behind the outline, with earrings where worn."""
    if look.style == "scarf":
        return []
    layers = []
    inner = mix(look.skin, (110, 30, 24), 0.4)
    for side in (-1, 1):
        edge = side * 88.0 * look.width
        shape = smooth([(-6, -14), (4, -20), (13, -13), (13, 3), (8, 18), (2, 28), (-5, 27)], closed=True, steps=3)
        layers.append(
            Layer(head.place(edge + side * shape[:, 0], 12 + shape[:, 1], -14), mix(look.skin, (150, 60, 46), 0.14))
        )
        fold = smooth([(2, -12), (8, -7), (8, 4), (3, 12)], closed=False, steps=3)
        layers.append(
            Layer(head.place(edge + side * fold[:, 0], 12 + fold[:, 1], -12), inner, 150, luma=True, stroke=2.0)
        )
        if look.earrings:
            ring = head.place(edge + side * 3 + 3.6 * np.cos(RING[::2]), 43 + 3.6 * np.sin(RING[::2]), -8)
            layers.append(Layer(ring, (232, 196, 110)))
    return layers


def face_layers(head: Head, look: Look) -> list[Layer]:
    """The skin with its light, and colour in the cheeks, whose darkness is part of that light."""
    anchor = head.on_face(np.array([0.0]), np.array([10.0]), -25)[:, 0]
    layers = [Layer(face_outline(head, look), look.skin, anchor=anchor)]
    warm, alpha = blush(look)
    smile = np.clip(0.5 * (head.get("smile_left") + head.get("smile_right")), 0, 1)
    for side in (-1, 1):
        for size in (1.2, 0.85, 0.5):
            x = side * 51 * look.width + 25 * size * np.cos(RING[::2])
            y = 42 - 4 * smile + 18 * size * np.sin(RING[::2])
            layers.append(Layer(head.on_face(x, y), warm, alpha, hue=True))
    return layers


def blush(look: Look) -> tuple[Colour, int]:
    """Colour of the cheeks, and the alpha of each of its three steps."""
    return (214, 84, 80) if look.skin_step < 6 else (160, 58, 48), 17 if look.build == "soft" else 12


def neck_layers(head: Head, look: Look) -> list[Layer]:
    """The neck from jaw to collar, with the shadow of the chin; the collar's end stays where the body is."""
    width = neck_width(look)
    top = head.place(np.array([-width, width]) / HEAD_SCALE, np.array([84.0, 84.0]), -22)
    foot = np.array([[CENTRE[0] + width - 9, NECK_FOOT], [CENTRE[0] - width + 9, NECK_FOOT]])
    shape = np.concatenate([top, np.broadcast_to(foot, (len(top), 2, 2))], axis=1)
    chin = outline(look)
    chin = chin[chin[:, 1] > 40]
    layers = [Layer(shape, neck_colour(look))]
    for lower, alpha in ((20, 46), (12, 26)):
        shadow = head.place(chin[:, 0] * 0.86, chin[:, 1] + lower + 12 * np.clip(head.get("open"), 0, 1), -14)
        share = np.clip((shadow[..., 1] - shape[:, :1, 1]) / (NECK_FOOT - shape[:, :1, 1]), 0, 1)
        left = shape[:, :1, 0] * (1 - share) + shape[:, 3:, 0] * share
        right = shape[:, 1:2, 0] * (1 - share) + shape[:, 2:3, 0] * share
        shadow[..., 0] = np.clip(shadow[..., 0], left + 0.5, right - 0.5)
        layers.append(Layer(np.minimum(shadow, [SIZE, NECK_FOOT]), BLACK, alpha, luma=True))
    return layers


NECK_FOOT = 400.0


def neck_width(look: Look) -> float:
    return (49.0 if look.build == "strong" else 38.0) * look.width


def neck_colour(look: Look) -> Colour:
    return mix(look.skin, (120, 50, 40), 0.13)


def glasses_layers(head: Head, look: Look) -> list[Layer]:
    """Frames, bridge, temples and a faint light on the lenses."""
    if look.glasses == "none":
        return []
    frame = (30, 26, 28) if look.hair_name != "blond" else (96, 62, 44)
    gap = 38.0 * look.eye_gap * look.width
    layers = []
    power = 2.0 if look.glasses == "round" else 3.6
    cos, sin = np.cos(RING), np.sin(RING)
    bend_x, bend_y = np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)
    size_x, size_y = (29.5, 27) if look.glasses == "round" else (31.5, 22)
    for side in (-1, 1):
        rim = head.on_face(side * gap + size_x * bend_x, 3 + size_y * bend_y, 10)
        glare = np.array([[-18, 8], [-3, -16], [5, -16], [-10, 8]], dtype=float)
        layers.append(Layer(head.on_face(side * gap + glare[:, 0], 2 + glare[:, 1], 10), WHITE, 26, luma=True))
        layers.append(Layer(np.concatenate([rim, rim[:, :1]], axis=1), frame, 255, luma=True, stroke=3.0))
        temple_x = side * np.array([gap + size_x, 86.0 * look.width, 90.0 * look.width])
        temple = head.place(temple_x, np.array([-3.0, -4.0, -2.0]), np.array([58.0, 20.0, -8.0]))
        layers.append(Layer(temple, frame, 255, luma=True, stroke=3.0))
    inside = gap - size_x
    layers.append(
        Layer(head.on_face(np.linspace(-inside, inside, 5), np.array([-1.0, -4, -5, -4, -1]), 14), frame, 255,
              luma=True, stroke=3.0)
    )  # fmt: skip
    return layers
