"""A person and their motion, put together back to front."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image

from retrieval.demo.backdrop import Backdrop
from retrieval.demo.features import brow_layers, eye_layers, nose_layers
from retrieval.demo.hair import back_layers, beard_layers, front_layers
from retrieval.demo.layers import Head, Layer
from retrieval.demo.mouth import mouth_layers
from retrieval.demo.painting import paint, skin_light
from retrieval.demo.people import Look
from retrieval.demo.planes import Planes
from retrieval.demo.skull import ear_layers, face_layers, glasses_layers, neck_layers


def stack_layers(look: Look, poses: np.ndarray) -> list[Layer]:
    """All layers of a clip before its backdrop, the farthest first."""
    head = Head(poses)
    return [
        *back_layers(head, look), *neck_layers(head, look), *ear_layers(head, look), *face_layers(head, look),
        *beard_layers(head, look), *nose_layers(head, look), *mouth_layers(head, look), *eye_layers(head, look),
        *brow_layers(head, look), *front_layers(head, look), *glasses_layers(head, look),
    ]  # fmt: skip


def draw_clip(look: Look, poses: np.ndarray) -> Iterator[Planes]:
    """The pictures of one clip as planes Y, U, V."""
    backdrop, light = _surroundings(look)
    return paint(stack_layers(look, poses), backdrop=backdrop, steps=backdrop.steps(poses), light=light)


@lru_cache(maxsize=4)
def _surroundings(look: Look) -> tuple[Backdrop, Image.Image]:
    """What a person's clips share; a drawing process meets them one after the other."""
    return Backdrop(look), skin_light(look)
