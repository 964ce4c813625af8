"""The pieces a picture is painted from, back to front, and the head they are fixed to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrieval.demo.expressions import INDEX
from retrieval.demo.people import Colour

SIZE = 480
CENTRE = (240.0, 236.0)
HEAD_SCALE = 1.12
PIVOT = (0.0, 100.0, -40.0)
EYE_DISTANCE = np.float32(900.0)


@dataclass(frozen=True)
class Layer:
    """One shape through all pictures.

    points   float (pictures, n, 2), canvas pixels
    colour   RGB; `luma` alone for pure light and shadow, which leave the hue; `hue` alone (fills only) where the light
             is painted already
    alpha    0 to 255, one for all pictures or one each
    stroke   width in pixels; 0 fills
    anchor   float (pictures, 2): where the middle of the skin's painted light goes, which then fills the luma plane
    """

    points: np.ndarray
    colour: Colour
    alpha: float | np.ndarray = 255.0
    luma: bool = False
    hue: bool = False
    stroke: float = 0.0
    anchor: np.ndarray | None = None


class Head:
    """Places points of the head, given in pixels around the middle between the eyes, on the canvas.

    x to the viewer's right, y down, z to the viewer. Weak perspective after turning about the top of the neck.
    """

    def __init__(self, poses: np.ndarray) -> None:
        yaw, pitch, roll = (np.radians(poses[:, INDEX[name]]) for name in ("yaw", "pitch", "roll"))
        zero, one = np.zeros_like(yaw), np.ones_like(yaw)
        turn = _matrices([[np.cos(yaw), zero, np.sin(yaw)], [zero, one, zero], [-np.sin(yaw), zero, np.cos(yaw)]])
        nod = _matrices(
            [[one, zero, zero], [zero, np.cos(pitch), np.sin(pitch)], [zero, -np.sin(pitch), np.cos(pitch)]]
        )
        tilt = _matrices([[np.cos(roll), -np.sin(roll), zero], [np.sin(roll), np.cos(roll), zero], [zero, zero, one]])
        self.poses = poses
        # Nine columns (pictures, 1): summing them by hand is five times faster than many small matrix products.
        matrix = (tilt @ nod @ turn).astype(np.float32)
        self._rows = [[matrix[:, i, j, None] for j in range(3)] for i in range(3)]
        self.scale = (HEAD_SCALE + 0.035 * self.get("lean")).astype(np.float32)
        self.lift = (-1.6 * self.get("shoulders") + 3.0 * self.get("lean")).astype(np.float32)

    def get(self, name: str) -> np.ndarray:
        """One parameter as (pictures, 1), ready to meet a row of points."""
        return self.poses[:, INDEX[name], None]

    def place(self, x: np.ndarray, y: np.ndarray, z: np.ndarray | float) -> np.ndarray:
        """Canvas points float (pictures, n, 2); x, y, z broadcast to (pictures, n)."""
        x, y, z = (np.asarray(v, dtype=np.float32) - np.float32(p) for v, p in zip((x, y, z), PIVOT, strict=True))
        across, down, near = (m[0] * x + m[1] * y + m[2] * z for m in self._rows)
        factor = (EYE_DISTANCE / (EYE_DISTANCE - PIVOT[2] - near)) * self.scale
        out = np.empty((*np.broadcast_shapes(across.shape, factor.shape), 2), dtype=np.float32)
        out[..., 0] = (across + PIVOT[0]) * factor + CENTRE[0]
        out[..., 1] = (down + PIVOT[1]) * factor + (CENTRE[1] + self.lift)
        return out

    def on_face(self, x: np.ndarray, y: np.ndarray, raised: np.ndarray | float = 0.0) -> np.ndarray:
        """Points on the front of the head, `raised` above its surface."""
        return self.place(x, y, surface(x, y) + raised)


def surface(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the face stands out at (x, y): an ellipsoid, flat enough to draw on."""
    return 80.0 * np.sqrt(np.clip(1.0 - (np.asarray(x) / 112.0) ** 2 - ((np.asarray(y) - 8.0) / 170.0) ** 2, 0.02, 1))


def smooth(points: list[tuple[float, float]] | np.ndarray, *, closed: bool, steps: int = 6) -> np.ndarray:
    """A Catmull-Rom curve through the points: float (n, 2)."""
    p = np.asarray(points, dtype=float)
    if closed:
        p = np.vstack([p[-1], p, p[0], p[1]])
    else:
        p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    u = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3))
    if not closed:
        pieces.append(p[-2:-1])
    return np.vstack(pieces)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with this share of `b` in it."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))


def _matrices(rows: list[list[np.ndarray]]) -> np.ndarray:
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)
