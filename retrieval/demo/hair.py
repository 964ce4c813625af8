"""Hair, beards and a headscarf: what lies behind the head, and what lies over it."""

from __future__ import annotations

import numpy as np

from retrieval.demo.layers import Head, Layer, mix, smooth, surface
from retrieval.demo.mouth import mouth_height
from retrieval.demo.people import Look
from retrieval.demo.skull import outline

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def back_layers(head: Head, look: Look) -> list[Layer]:
    """What is seen behind face and neck."""
    w = look.width
    shapes = {
        "long": [
            (0, -138),
            (70, -126),
            (104, -70),
            (110, 20),
            (112, 100),
            (116, 168),
            (92, 204),
            (62, 186),
            (44, 150),
            (0, 128),
        ],
        "waves": [
            (0, -142),
            (74, -130),
            (110, -72),
            (112, 0),
            (124, 56),
            (112, 104),
            (120, 150),
            (92, 176),
            (56, 150),
            (0, 124),
        ],
        "bob": [(0, -140), (74, -128), (110, -66), (114, 20), (112, 84), (88, 108), (40, 96)],
        "fringe": [
            (0, -140),
            (72, -128),
            (106, -66),
            (110, 30),
            (112, 100),
            (104, 146),
            (72, 150),
            (44, 130),
            (0, 122),
        ],
    }
    colour = mix(look.hair, BLACK, 0.28)
    if look.style in shapes:
        half = shapes[look.style]
        points = smooth(half + [(-x, y) for x, y in half[1:] if x][::-1], closed=True, steps=3)
        drop = np.clip((points[:, 1] - 60) / 150, 0, 1)
        placed = head.place(points[:, 0] * w, points[:, 1], -48.0)
        still = head.place(points[:, 0] * w, points[:, 1], -48.0).mean(axis=0)
        return [Layer(placed * (1 - 0.75 * drop[:, None]) + still * 0.75 * drop[:, None], colour)]
    if look.style == "afro":
        angle = np.linspace(0, 2 * np.pi, 56, endpoint=False)
        radius = 134 + 3.5 * np.sin(13 * angle) + 2.5 * np.sin(21 * angle + 1)
        return [
            Layer(
                head.place(radius * w * np.sin(angle), -48 - 0.92 * radius * np.cos(angle), -20.0),
                mix(look.hair, BLACK, 0.1),
            )
        ]
    if look.style == "bun":
        angle = np.linspace(0, 2 * np.pi, 26, endpoint=False)
        layers = [Layer(head.place(36 * np.sin(angle), -144 - 31 * np.cos(angle), -34.0), colour)]
        layers.append(Layer(head.place(36 * np.sin(angle[4:10]) * 0.7, -144 - 31 * np.cos(angle[4:10]) * 0.7,
            -20.0),
                            WHITE, 60, luma=True, stroke=2.0))  # fmt: skip
        return layers
    if look.style == "scarf":
        half = [(0, -142), (70, -130), (108, -72), (112, 10), (104, 80), (96, 130), (112, 176), (70, 204), (0, 214)]
        points = smooth(half + [(-x, y) for x, y in half[1:] if x][::-1], closed=True, steps=3)
        drop = np.clip((points[:, 1] - 60) / 130, 0, 1)
        placed = head.place(points[:, 0] * w, points[:, 1], -30.0)
        return [
            Layer(
                placed * (1 - 0.7 * drop[:, None]) + placed.mean(axis=0) * 0.7 * drop[:, None],
                mix(look.cloth, BLACK, 0.2),
            )
        ]
    return []


def front_layers(head: Head, look: Look) -> list[Layer]:
    """The cap of hair over skull and forehead, its sheen and its strands."""
    w, s = look.width, look.side
    if look.style == "bald":
        spot = smooth([(-34, -104), (-10, -112), (4, -106), (-14, -96)], closed=True, steps=4)
        return [Layer(head.place(spot[:, 0], spot[:, 1], 40), WHITE, 46, luma=True)]
    # Outer edge from the left ear over the top, then the hairline back, both for a parting on the viewer's left.
    edges = {
        "crop": ([(-92, -4), (-97, -50), (-84, -104), (-44, -132), (6, -138), (52, -130), (88, -100), (97, -48),
            (92, -4)],
                 [(85, -30), (80, -62), (56, -82), (14, -88), (-34, -84), (-70, -74), (-82, -48), (-85, -28)]),
        "buzz": ([(-90, -10), (-93, -52), (-80, -98), (-42, -122), (0, -127), (42, -122), (80, -98), (93, -52),
            (90, -10)],
                 [(85, -34), (74, -68), (46, -84), (0, -80), (-46, -84), (-74, -68), (-85, -34)]),
        "side": ([(-93, 0), (-99, -50), (-88, -108), (-50, -140), (10, -148), (60, -136), (92, -100), (98, -46),
            (92, 0)],
                 [(85, -22), (84, -54), (72, -74), (30, -70), (-10, -78), (-44, -98), (-66, -82), (-82, -54),
                     (-85, -24)]),
        "quiff": ([(-91, -6), (-95, -56), (-84, -106), (-56, -146), (0, -164), (58, -150), (88, -106),
            (96, -54), (91, -6)],
                  [(85, -30), (78, -66), (54, -90), (16, -98), (-24, -96), (-58, -88), (-78, -64), (-85, -30)]),
        "curls": ([], []),
        "afro": ([], []),
        "long": ([(-98, 70), (-106, 0), (-102, -70), (-76, -122), (-24, -142), (34, -140), (80, -118),
            (104, -66), (106, 0), (98, 70)],
                 [(90, 30), (86, -30), (70, -66), (34, -92), (-6, -106), (-40, -88), (-72, -58), (-87, -20),
                     (-90, 30)]),
        "waves": ([(-104, 96), (-112, 40), (-104, -10), (-106, -72), (-78, -126), (-20, -148), (40, -144),
            (84, -118), (106, -66), (104, -10), (114, 40), (104, 96)],
                  [(92, 50), (84, 0), (86, -40), (62, -76), (20, -96), (-26, -104), (-60, -74), (-86, -40),
                      (-84, 0), (-92, 50)]),
        "bob": ([(-100, 80), (-110, 20), (-106, -64), (-78, -124), (-22, -144), (36, -142), (82, -118),
            (106, -62), (110, 20), (100, 80)],
                [(88, 60), (86, -20), (74, -58), (44, -80), (0, -90), (-44, -92), (-74, -60), (-86, -20),
                    (-88, 60)]),
        "fringe": ([(-100, 70), (-106, 0), (-102, -70), (-74, -126), (-20, -144), (34, -142), (80, -120),
            (104, -66), (106, 0), (100, 70)],
                   [(88, 40), (84, -30), (76, -50), (44, -46), (14, -50), (-16, -46), (-48, -48), (-76, -52),
                       (-84, -30), (-88, 40)]),
        "bun": ([(-90, -2), (-96, -56), (-80, -106), (-42, -132), (0, -138), (42, -132), (80, -106), (96, -56),
            (90, -2)],
                [(86, -26), (76, -66), (46, -92), (0, -100), (-46, -92), (-76, -66), (-86, -26)]),
        "scarf": ([(0, 146), (-60, 140), (-100, 80), (-108, 0), (-104, -70), (-74, -124), (0, -146), (74, -124),
            (104, -70), (108, 0), (100, 80), (60, 140), (0, 146)],
                  [(0, 137), (40, 131), (70, 104), (82, 58), (85, 0), (78, -56), (48, -86), (0, -94),
                      (-48, -86), (-78, -56), (-85, 0), (-82, 58), (-70, 104), (-40, 131), (0, 137)]),
    }  # fmt: skip
    if look.style in ("curls", "afro"):
        return _curls(head, look)
    outer, inner = edges[look.style]
    outer_points = smooth(outer, closed=False, steps=3) * [w, 1.0]
    inner_points = smooth(inner, closed=False, steps=3) * [w, 1.0]
    if s < 0:
        outer_points, inner_points = outer_points * [-1, 1], inner_points * [-1, 1]
    line = inner_points.copy()
    lift = 4.0 + 0.0 * line[:, 0]
    near = surface(line[:, 0] * 0.96, line[:, 1]) * np.clip(1.25 - np.abs(line[:, 0]) / (84 * w), 0.12, 1) + lift
    cloth = look.style == "scarf"
    rim = np.where(np.abs(outer_points[:, 1]) > 120, 8.0, -6.0) if not cloth else 6.0
    shape = np.concatenate(
        [head.place(outer_points[:, 0], outer_points[:, 1], rim), head.place(line[:, 0], line[:, 1], near)], axis=1
    )
    shade = head.place(line[:, 0] * 0.97, line[:, 1] + 7, near - 4)
    cast = np.concatenate([head.place(line[:, 0], line[:, 1] - 6, near), shade[:, ::-1]], axis=1)
    layers = [] if cloth else [Layer(cast, BLACK, 34, luma=True)]
    colour = look.cloth if cloth else look.hair
    layers.append(Layer(shape, colour))
    if cloth:
        fold = smooth([(-84, 60), (-92, 0), (-86, -54), (-52, -98), (0, -108)], closed=False, steps=3)
        return [*layers, Layer(head.place(fold[:, 0], fold[:, 1], 20), BLACK, 40, luma=True, stroke=2.4)]
    return [*layers, *_sheen(head, look), *_strands(head, look, outer_points, line, rim, near)]


def _sheen(head: Head, look: Look) -> list[Layer]:
    """Light on the crown from the upper left, in soft steps, and shade on the far side."""
    strength = {"black": 10, "dark brown": 10, "white": 7}.get(look.hair_name, 9)
    layers = []
    turn = np.concatenate([np.linspace(-1, 1, 9), np.linspace(1, -1, 9)])
    edge = np.repeat([-1.0, 1.0], 9) * np.sqrt(np.clip(1.05 - turn**2, 0, 1))
    for step in (1.0, 0.8, 0.6, 0.4):
        angle = -0.32 + 0.62 * step * turn
        radius = 88 + 9.5 * step * edge
        x, y = radius * look.width * np.sin(angle), -36 - radius * 0.98 * np.cos(angle)
        layers.append(Layer(head.place(x, y, 36), WHITE, strength, luma=True))
    return layers


def _strands(head: Head, look: Look, outer: np.ndarray, inner: np.ndarray, rim, near) -> list[Layer]:
    """A few long lines that run as the hair is combed, along hairline and crown on either side."""
    if look.style == "buzz":
        return []
    layers = []
    rim = np.broadcast_to(rim, len(outer))
    for first, last, inward, tone, alpha in (
        (0.08, 0.4, 0.3, BLACK, 34), (0.1, 0.46, 0.62, BLACK, 24), (0.62, 0.92, 0.35, BLACK, 34),
            (0.56, 0.88, 0.68, WHITE, 16),
    ):  # fmt: skip
        share = np.linspace(first, last, 9)
        a = np.rint(share * (len(outer) - 1)).astype(int)
        b = np.rint((1 - share) * (len(inner) - 1)).astype(int)
        points = outer[a] * (1 - inward) + inner[b] * inward
        points = smooth(points[::2], closed=False, steps=3)
        z = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, 9), rim[a] * (1 - inward) + near[b] * inward)
        layers.append(Layer(head.place(points[:, 0], points[:, 1], z + 8), tone, alpha, luma=True, stroke=1.8))
    return layers


def _curls(head: Head, look: Look) -> list[Layer]:
    """A hairline of round locks; short curls have a cap of them as well."""
    layers, w = [], look.width
    ring = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    if look.style == "curls":
        angle = np.linspace(-1.75, 1.75, 40)
        bumpy = 1 + 0.035 * np.abs(np.sin(6.5 * angle))
        outer = np.stack([101 * w * np.sin(angle) * bumpy, -38 - 104 * np.cos(angle) * bumpy], axis=1)
    else:
        angle = np.linspace(-1.6, 1.6, 30)
        outer = np.stack([106 * w * np.sin(angle), -42 - 92 * np.cos(angle)], axis=1)
    back = np.linspace(1.45, -1.45, 36)
    wobble = 1 + 0.03 * np.sin(11 * back)
    inner = np.stack([85 * w * np.sin(back) * wobble, -22 - 66 * np.cos(back) * wobble], axis=1)
    near = surface(inner[:, 0] * 0.96, inner[:, 1]) * np.clip(1.25 - np.abs(inner[:, 0]) / (84 * w), 0.12, 1) + 5
    shape = np.concatenate(
        [head.place(outer[:, 0], outer[:, 1], 0.0), head.place(inner[:, 0], inner[:, 1], near)], axis=1
    )
    layers += [Layer(shape, look.hair), *_sheen(head, look)]
    for number, turn in enumerate(np.linspace(-1.2, 1.2, 9)):
        x, y = 90 * w * np.sin(turn), -34 - 78 * np.cos(turn)
        lock = ring[2:11] + number
        layers.append(
            Layer(head.place(x + 9 * np.cos(lock), y + 9 * np.sin(lock), 25), WHITE if number % 2 else BLACK,
                  34 if number % 2 else 60, luma=True, stroke=2.2)
        )  # fmt: skip
    return layers


def beard_layers(head: Head, look: Look) -> list[Layer]:
    """A beard follows the jaw and leaves the mouth free; drawn before the mouth."""
    if look.beard == "none":
        return []
    colour, line = look.hair, mouth_height(look)
    opened, w = np.clip(head.get("open"), 0, 1), look.width
    layers = []
    if look.beard in ("full", "short", "stubble"):
        jaw = outline(look)
        jaw = jaw[(jaw[:, 1] > 24)]
        jaw = jaw[np.argsort(-np.arctan2(jaw[:, 0], jaw[:, 1]))] * [1.0, 1.0]
        thick = {"full": 9.0, "short": 3.0, "stubble": 0.0}[look.beard]
        low = np.clip((jaw[:, 1] - 55) / 70, 0, 1)
        outer = head.place(jaw[:, 0] * (1 + 0.004 * thick), jaw[:, 1] + thick * low + low**1.5 * 15 * opened,
                           8 + 38 * np.clip((jaw[:, 1] + 20) / 150, 0, 1))  # fmt: skip
        cheek = smooth(
            [(-86 * w, 26), (-74 * w, 52), (-52, line - 8), (-30, line - 19), (0, line - 23), (30, line - 19),
             (52, line - 8), (74 * w, 52), (86 * w, 26)], closed=False, steps=4)  # fmt: skip
        near = surface(cheek[:, 0], cheek[:, 1]) * np.clip(1.5 - np.abs(cheek[:, 0]) / (80 * w), 0.2, 1)
        inner = head.place(cheek[:, 0], cheek[:, 1], near)
        alpha = {"full": 240, "short": 165, "stubble": 62}[look.beard]
        layers.append(Layer(np.concatenate([outer, inner], axis=1), colour, alpha))
        return layers
    moustache = smooth(
        [(0, line - 17), (16, line - 17), (32, line - 7), (37, line + 4), (26, line - 3), (0, line - 8),
            (-26, line - 3),
         (-37, line + 4), (-32, line - 7), (-16, line - 17)], closed=True, steps=3)  # fmt: skip
    layers.append(Layer(head.on_face(moustache[:, 0], moustache[:, 1], 8), colour, 235))
    return layers
