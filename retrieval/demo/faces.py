"""A person and their motion, put together back to front."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retrieval.demo.features import brow_layers, eye_layers, nose_layers
from retrieval.demo.hair import back_layers, beard_layers, front_layers
from retrieval.demo.layers import Head, Layer
from retrieval.demo.mouth import mouth_layers
from retrieval.demo.painting import Planes, make_background, make_textures, paint
from retrieval.demo.people import Look
from retrieval.demo.skull import body_layers, ear_layers, face_layers, glasses_layers


def stack_layers(look: Look, poses: np.ndarray) -> list[Layer]:
    """All layers of a clip, the farthest first."""
    head = Head(poses)
    return [
        *back_layers(head, look), *body_layers(head, look), *ear_layers(head, look), *face_layers(head, look),
        *beard_layers(head, look), *nose_layers(head, look), *mouth_layers(head, look), *eye_layers(head, look),
        *brow_layers(head, look), *front_layers(head, look), *glasses_layers(head, look),
    ]  # fmt: skip


def draw_clip(look: Look, poses: np.ndarray) -> Iterator[Planes]:
    """The pictures of one clip as planes Y, U, V."""
    return paint(
        stack_layers(look, poses), textures=make_textures(look), background=make_background(look), count=len(poses)
    )
