"""The head around the features: outline, ears, neck and shoulders, clothes, glasses."""

from __future__ import annotations

import numpy as np

from retrieval.demo.expressions import INDEX
from retrieval.demo.layers import CENTRE, Head, Layer, mix, smooth
from retrieval.demo.people import Look

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
RING = np.linspace(0, 2 * np.pi, 22, endpoint=False)


def outline(look: Look) -> np.ndarray:
    """The face from the top round the right side to the chin and back: float (n, 2), mouth closed."""
    w, j, c = 88.0 * look.width, look.jaw, look.chin
    right = [
        (0, -118), (0.56 * w, -108), (0.9 * w, -70), (w, -22), (0.985 * w, 22), (0.925 * w, 58),
        (0.76 * w * j, 96 * c), (0.4 * w * j, 122 * c), (0.13 * w * j, 130 * c),
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
        shape = smooth(
            [(-6, -14), (4, -20), (13, -13), (13, 3), (8, 18), (2, 28), (-5, 27)], closed=True, steps=3
        )
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
    """The skin itself, filled from its painted texture."""
    anchor = head.on_face(np.array([0.0]), np.array([10.0]), -25)[:, 0]
    return [Layer(face_outline(head, look), look.skin, texture="face", anchor=anchor)]


def body_layers(head: Head, look: Look) -> list[Layer]:
    """Shoulders, garment, neck and the shadow of the chin; they follow the head a little."""
    poses = head.poses
    breath = -2.4 * poses[:, INDEX["shoulders"], None]
    shift = 0.12 * poses[:, INDEX["yaw"], None] + 0.25 * poses[:, INDEX["roll"], None]
    strong = look.build == "strong"
    wide = 168.0 if strong else 146.0
    neck = (45.0 if strong else 35.0) * look.width

    def fixed(points: np.ndarray, follow: float = 0.0) -> np.ndarray:
        x = CENTRE[0] + points[:, 0] + shift * (0.6 + follow)
        return np.stack([x, points[:, 1] + breath * np.ones_like(x)], axis=-1)

    torso = smooth(
        [(-wide, 492), (-wide + 6, 452), (-wide + 42, 424), (-neck - 26, 403), (-neck + 2, 386), (neck - 2, 386),
         (neck + 26, 403), (wide - 42, 424), (wide - 6, 452), (wide, 492)], closed=False, steps=4,
    )  # fmt: skip
    jaw = head.place(np.array([-neck, neck]), np.array([84.0, 84.0]), -22)
    base = fixed(np.array([[neck + 1, 388], [neck + 24, 404], [0, 446], [-neck - 24, 404], [-neck - 1, 388]]))
    neck_shape = np.concatenate([jaw, base], axis=1)
    neck_skin = mix(look.skin, (120, 50, 40), 0.13)
    chin = outline(look)
    chin = chin[chin[:, 1] > 40]
    shadow = head.place(chin[:, 0] * 0.86, chin[:, 1] + 20 + 12 * np.clip(head.get("open"), 0, 1), -14)
    shadow[..., 0] = np.clip(shadow[..., 0], neck_shape[:, :1, 0] + 1, neck_shape[:, 1:2, 0] - 1)
    layers = [Layer(fixed(torso), look.cloth, texture="cloth", anchor=fixed(np.array([[0.0, 432.0]]))[:, 0])]
    garment = _garment(fixed, look, neck)
    layers += [layer for layer in garment if layer.texture == "under"]
    layers += [Layer(neck_shape, neck_skin), Layer(shadow, BLACK, 44, luma=True)]
    layers.append(Layer(shadow - np.array([0.0, 8.0]), BLACK, 26, luma=True))
    layers += [layer for layer in garment if layer.texture != "under"]
    return layers


def _garment(fixed, look: Look, neck: float) -> list[Layer]:
    """The neckline: a round collar, a shirt's wings, a V, or a hood with strings."""
    dark, light = mix(look.cloth, BLACK, 0.24), mix(look.cloth, WHITE, 0.16)
    n = neck
    if look.garment == "shirt":
        left = np.array([[-n - 6, 386], [-n - 22, 402], [-34, 452], [0, 436], [-n + 10, 410]], dtype=float)
        right = left * [-1, 1]
        line = np.array([[0, 438], [0, 492]], dtype=float)
        return [Layer(fixed(line), dark, 220, luma=True, stroke=2.4), Layer(fixed(left), light), Layer(fixed(right), light),
                Layer(fixed(left[[1, 2, 3]]), dark, 140, luma=True, stroke=1.6),
                Layer(fixed(right[[1, 2, 3]]), dark, 140, luma=True, stroke=1.6)]  # fmt: skip
    if look.garment == "vee":
        band = smooth([(-n - 18, 396), (-n + 4, 424), (0, 462), (n - 4, 424), (n + 18, 396)], closed=False, steps=5)
        under = np.vstack([band, [[0, 384]]])
        skin = mix(look.skin, (120, 50, 40), 0.06)
        return [Layer(fixed(under), skin, texture="under"), Layer(fixed(band), dark, 255, luma=True, stroke=5.0)]
    if look.garment == "hoodie":
        out = []
        for side in (-1, 1):
            hood = smooth(
                [(side * (n - 2), 380), (side * (n + 34), 388), (side * (n + 40), 412), (side * 26, 446), (side * 6, 440),
                 (side * (n - 12), 414)], closed=True, steps=4)  # fmt: skip
            string = smooth([(side * 16, 438), (side * 19, 462), (side * 17, 484)], closed=False, steps=4)
            out += [Layer(fixed(hood), dark), Layer(fixed(hood[4:14]), light, 130, luma=True, stroke=2.0)]
            out.append(Layer(fixed(string), mix(light, WHITE, 0.5), 230, luma=True, stroke=2.6))
        return out
    band = smooth([(-n - 17, 396), (-n + 6, 420), (0, 434), (n - 6, 420), (n + 17, 396)], closed=False, steps=5)
    return [Layer(fixed(band), dark, 255, luma=True, stroke=8.0), Layer(fixed(band + [0, 5]), light, 90, luma=True, stroke=1.4)]


def glasses_layers(head: Head, look: Look) -> list[Layer]:
    """Frames, bridge, temples and a faint light on the lenses."""
    if look.glasses == "none":
        return []
    frame = (44, 38, 40) if look.hair_name != "blond" else (96, 62, 44)
    gap = 38.0 * look.eye_gap * look.width
    layers = []
    power = 2.0 if look.glasses == "round" else 3.6
    cos, sin = np.cos(RING), np.sin(RING)
    bend_x, bend_y = np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)
    size_x, size_y = (29.5, 27.0) if look.glasses == "round" else (31.5, 22.0)
    for side in (-1, 1):
        rim = head.on_face(side * gap + size_x * bend_x, 3 + size_y * bend_y, 10)
        glare = np.array([[-18, 8], [-3, -16], [5, -16], [-10, 8]], dtype=float)
        layers.append(Layer(head.on_face(side * gap + glare[:, 0], 2 + glare[:, 1], 10), WHITE, 26, luma=True))
        layers.append(Layer(np.concatenate([rim, rim[:, :1]], axis=1), frame, 255, luma=True, stroke=3.0))
        temple_x = side * np.array([gap + size_x, 86.0 * look.width, 90.0 * look.width])
        layers.append(Layer(head.place(temple_x, np.array([-3.0, -4.0, -2.0]), np.array([58.0, 20.0, -8.0])), frame, 255,
                            luma=True, stroke=3.0))  # fmt: skip
    inside = gap - size_x
    layers.append(
        Layer(head.on_face(np.linspace(-inside, inside, 5), np.array([-1.0, -4, -5, -4, -1]), 14), frame, 255, luma=True,
              stroke=3.0)
    )  # fmt: skip
    return layers
