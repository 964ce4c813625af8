"""How much of a video was seen, from the pieces that each load of the page reported."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("speaker", "left", "right")

# A video was seen in full when no more of it is missing than this share, or than this. The page opens the answer
# at a little less (static/studies/watched.js), so that rounding on the way here refuses nobody.
MISSING_SHARE = 0.03
MISSING_S = 0.12


@dataclass(frozen=True)
class Viewing:
    """What one trial's page loads reported together: shares seen and full plays by part, and reloads."""

    coverage: dict[str, float]
    plays: dict[str, int]
    reloads: int


def coverage(pieces: Iterable[Iterable[float]], length_s: float) -> float:
    """The share of a video that lies in at least one of the pieces.

    pieces    [from_s, to_s] in media time, any order, overlapping or not; what is no pair of finite numbers,
              ends before it begins or lies outside the video counts for nothing
    length_s  length of the video in seconds
    Returns   0 to 1; 0 where the length is 0
    """
    if not length_s > 0:
        return 0.0
    seen, reached = 0.0, 0.0
    for start, end in sorted(_usable(pieces, length_s)):
        seen += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return min(1.0, seen / length_s)


def viewing(views: Mapping[str, Any], *, length_s: float) -> Viewing:
    """Merge what the page loads of one trial reported; nothing reported is nothing seen.

    views  {page id: {"watched": {part: [[from_s, to_s], ...]}, "plays": {part: n}}}, as the study keeps it
    """
    loads = [load for load in views.values() if isinstance(load, Mapping)]
    return Viewing(
        coverage={
            part: coverage([piece for load in loads for piece in _of(load, "watched", part, [])], length_s)
            for part in PARTS
        },
        plays={part: sum(int(_of(load, "plays", part, 0)) for load in loads) for part in PARTS},
        reloads=max(0, len(views) - 1),
    )


def seen_in_full(views: Mapping[str, Any], *, length_s: float) -> bool:
    """Whether the page loads of one trial together saw every video from its beginning to its end."""
    missing_s = [(1 - share) * length_s for share in viewing(views, length_s=length_s).coverage.values()]
    return max(missing_s) <= max(MISSING_S, MISSING_SHARE * length_s)


def _usable(pieces: Iterable[Iterable[float]], length_s: float) -> list[tuple[float, float]]:
    clipped = []
    for piece in pieces:
        ends = list(piece) if isinstance(piece, list | tuple) else []
        if len(ends) == 2 and all(isinstance(end, int | float) and math.isfinite(end) for end in ends):
            clipped.append((max(0.0, float(ends[0])), min(length_s, float(ends[1]))))
    return [(start, end) for start, end in clipped if end > start]


def _of(load: Mapping[str, Any], what: str, part: str, nothing: Any) -> Any:
    reported = load.get(what) or {}
    return reported.get(part) or nothing
