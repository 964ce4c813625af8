"""The program of one drawing process: `python -m retrieval.demo.draw_share < task.json`, started by drawing.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from retrieval.demo.casting import Order, cast_clips
from retrieval.demo.drawing import draw_one


def main() -> None:
    """Draws the share of the cast that standard input names; one line of JSON a clip. Ends when nobody reads it."""
    task = json.load(sys.stdin)
    order = Order(**task["order"])
    first, step = task["share"]
    # A person's clips lie together, for they share what is painted once.
    cast = sorted(cast_clips(order), key=lambda clip: (clip.look.key, clip.key))
    for clip in cast[first * len(cast) // step : (first + 1) * len(cast) // step]:
        fact = draw_one(order, clip, clips=Path(task["clips"]), speech=Path(task["speech"]))
        sys.stdout.write(json.dumps({clip.key: fact}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
