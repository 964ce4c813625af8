"""The mouth: lips, teeth, tongue, and the folds that a smile or a sneer leaves around it."""

from __future__ import annotations

import numpy as np

from retrieval.demo.layers import Head, Layer, mix
from retrieval.demo.people import Colour, Look

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
# A mouth at rest looks sad when its corners are level.
RESTING = 0.14
ALONG = np.linspace(-1, 1, 13)


def mouth_height(look: Look) -> float:
    """Where the line of the lips lies under the eyes."""
    return 47.0 * look.nose_length + 31.0


def lip_colour(look: Look) -> Colour:
    red = (188, 84, 84) if look.skin_step < 5 else (132, 58, 60)
    return mix(look.skin, red, 0.62 if look.build == "soft" else 0.4)


def mouth_layers(head: Head, look: Look) -> list[Layer]:
    """All of it, from the inside of the mouth to the light on the lower lip."""
    smile_l, smile_r = head.get("smile_left") + RESTING, head.get("smile_right") + RESTING
    opened = np.clip(head.get("open"), 0, 1.1)
    press, raised = np.clip(head.get("press"), 0, 1), np.clip(head.get("lip_raise"), 0, 1)
    smile = np.where(ALONG < 0, smile_l, smile_r)
    half = 27.0 * look.mouth * (1 + 0.16 * head.get("wide") - 0.3 * np.clip(head.get("pucker"), 0, 1))
    left, right = half + 5.5 * np.clip(smile_l, -0.3, 1.2), half + 5.5 * np.clip(smile_r, -0.3, 1.2)
    x = np.where(ALONG < 0, left * ALONG, right * ALONG)
    bow = 1 - ALONG**2
    y = mouth_height(look) - 10.5 * smile * np.abs(ALONG) ** 2.0 + 2.5 * np.clip(0.5 * (smile_l + smile_r), 0, 1)
    y = y - 3.0 * np.clip(head.get("lower_lip"), -1, 1) * bow
    gap_top = (1.5 * opened + 4.8 * raised * np.clip(opened * 4, 0, 1)) * bow**0.6
    gap_low = (25.0 * opened) * bow**0.72
    top, low = y - gap_top, y + gap_low
    thin = (1 - 0.7 * press) * (1 - 0.22 * np.clip(smile, 0, 1)) * look.lips
    cupid = bow**0.55 * (1 - 0.2 * np.exp(-((ALONG / 0.12) ** 2)))
    upper_edge = top - (0.6 + 7.2 * thin * cupid)
    lower_edge = low + (0.6 + (8.8 + 2.5 * np.clip(head.get("lower_lip"), 0, 1)) * thin * bow**0.6)
    colour = lip_colour(look)
    there = lambda a, b, z: np.concatenate(  # noqa: E731 - along one line and back along the other
        [head.on_face(x, a, z), head.on_face(x[:, ::-1], b[:, ::-1], z)], axis=1
    )
    teeth_low = np.minimum(top + 9.5 * bow**0.4, low - 0.5)
    tongue_top = np.maximum(low - 9.0 * bow, top)
    lower_teeth = np.clip((opened[:, 0] - 0.1) * 6, 0, 1) * np.clip(-head.get("lower_lip")[:, 0] * 3, 0, 1)
    parted = np.clip((low - top)[:, 6] - 0.6, 0, 1)
    deep = mix(colour, (60, 10, 16), 0.55)
    layers = [
        Layer(there(top, low, 4), (62, 22, 26), luma=True),
        Layer(there(tongue_top, low, 4), (176, 82, 84), 170 * parted, luma=True),
        Layer(there(top, np.maximum(teeth_low, top), 5), (244, 241, 236), 248 * parted),
        Layer(there(np.maximum(low - 7 * bow, top), low, 5), (232, 228, 222), 235 * lower_teeth),
        Layer(there(lower_edge, lower_edge + 6.5 * bow, 3), BLACK, 34, luma=True),
        Layer(there(low, lower_edge, 7), colour),
        Layer(there(upper_edge, top, 7), mix(colour, BLACK, 0.13)),
        Layer(
            there(low + (lower_edge - low) * 0.3, low + (lower_edge - low) * (0.3 + 0.4 * bow), 8), WHITE, 44, luma=True
        ),
    ]
    closed = np.clip(1 - opened[:, 0] * 5, 0, 1)
    layers.append(Layer(head.on_face(x, top + 0.3, 8), deep, 60 + 170 * closed, luma=True, stroke=1.9))
    layers += _folds(head, look, left=x[:, :1], right=x[:, -1:], corner_l=y[:, :1], corner_r=y[:, -1:])
    return layers


def _folds(head: Head, look: Look, *, left, right, corner_l, corner_r) -> list[Layer]:
    """Dimples at the corners and the folds from the nose; deeper with age, a smile or a raised lip."""
    shade = mix(look.skin, (60, 14, 12), 0.55)
    aged = {"young": 0.0, "middle": 0.22, "older": 0.48}[look.age]
    layers = []
    for side, corner_x, corner_y, name in ((-1, left, corner_l, "smile_left"), (1, right, corner_r, "smile_right")):
        smile = np.clip(head.get(name), 0, 1.1)
        lifted = np.clip(head.get("lip_raise"), 0, 1)
        from_x = side * 17.0 * look.nose_width
        from_y = 47.0 * look.nose_length - 3.0
        u = np.linspace(0, 1, 7)
        reach_x, reach_y = corner_x + side * (7 + 3 * smile), corner_y + 2.0 - 3 * smile
        x = from_x + (reach_x - from_x) * u + side * 7.0 * np.sin(np.pi * u) * (0.4 + 0.6 * smile)
        y = from_y + (reach_y - from_y) * u
        depth = np.clip(aged + 0.62 * smile + 0.3 * lifted, 0, 1)[:, 0]
        layers.append(Layer(head.on_face(x, y, 1), shade, 135 * depth, luma=True, stroke=2.2))
        dip = np.array([-1.0, 0.0, 1.0])
        tuck = head.on_face(corner_x + side * (2.5 - 1.2 * dip**2), corner_y + 4.2 * dip, 3)
        bent = np.clip(0.25 + np.abs(head.get(name)), 0, 1)[:, 0]
        layers.append(Layer(tuck, shade, 150 * bent, luma=True, stroke=2.0))
    pout = np.clip(head.get("lower_lip")[:, 0] + 0.6 * head.get("press")[:, 0], 0, 1)
    x = np.linspace(-12, 12, 7)
    layers.append(
        Layer(head.on_face(x, mouth_height(look) + 21 + 0.02 * x**2, 4), shade, 110 * pout, luma=True, stroke=2.2)
    )
    return layers
