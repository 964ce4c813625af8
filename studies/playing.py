"""How a trial's videos played, from what each load of the page told. Pure."""

from collections.abc import Mapping
from typing import Any

from .coverage import PARTS

MEASURES = (
    "drift_p95_ms", "drift_max_ms", "stalls", "stalled_ms", *(f"{part}_dropped" for part in PARTS),
    *(f"{part}_start_ms" for part in PARTS), "sound_off_ms",
)  # fmt: skip


def playing(views: Mapping[str, Any]) -> dict[str, int | None]:
    """One number by the names of MEASURES; None where no load of the page told it.

    views    {page id: {"playback": {...}, ...}}, as the study keeps it; a load may not have told
    Returns  of drift, start and sound the worst of all loads; of stalls and dropped pictures the sum. Milliseconds,
             and for stalls and dropped pictures how many
    """
    loads = [load["playback"] for load in views.values() if isinstance(load, Mapping) and load.get("playback")]
    drifts = [load["drift"] for load in loads if load["drift"]]
    return {
        "drift_p95_ms": _most(drift["p95_ms"] for drift in drifts),
        "drift_max_ms": _most(drift["max_ms"] for drift in drifts),
        "stalls": _sum(load["stalls"] for load in loads),
        "stalled_ms": _sum(load["stalled_ms"] for load in loads),
        **{f"{part}_dropped": _sum(load["dropped"][part] for load in loads) for part in PARTS},
        **{f"{part}_start_ms": _most(load["start_ms"][part] for load in loads) for part in PARTS},
        "sound_off_ms": max(_known(load["sound_off_ms"] for load in loads), key=abs, default=None),
    }


def _most(values) -> int | None:
    return max(_known(values), default=None)


def _sum(values) -> int | None:
    known = _known(values)
    return sum(known) if known else None


def _known(values) -> list[int]:
    return [value for value in values if value is not None]
