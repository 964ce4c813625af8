"""Checks: when an instruction appears, which pairs are shown again, what lets a study refuse pay. Pure."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar
from uuid import UUID

Trial = TypeVar("Trial")

# Late enough that the videos run, early enough to be read before they end: shares of the clip.
EARLIEST, LATEST = 0.2, 0.6
FAILED_TO_REFUSE = 2
RETEST_APART = 5


def instruction_at(key: UUID, *, length_s: float) -> float:
    """When in its clip the instruction of an attention check appears, in seconds: the same for the same trial."""
    share = int.from_bytes(hashlib.sha256(key.bytes).digest()[:4]) / 2**32
    return round((EARLIEST + (LATEST - EARLIEST) * share) * length_s, 2)


def may_refuse_pay(shown: int, failed: int) -> bool:
    """Whether so many failed attention checks let a study refuse pay: two.

    Nothing else can be put in here: catch and gold trials, comprehension and practice never cost pay. Prolific lets one
    do in a study of under five minutes; one slip is not taken for carelessness here.

    shown   attention checks that were answered; with fewer than failed, nothing may be refused
    Source  Prolific, "Attention and comprehension checks" (researcher-help.prolific.com/en/article/fb63bb)
    """
    return FAILED_TO_REFUSE <= failed <= shown


def retest_choice(trials: Sequence[Trial], count: int, *, rng: Random) -> list[Trial]:
    """Which of a session's main trials it is shown again after the last, in order.

    Drawn from those with at least `RETEST_APART` trials between, or where these are too few, from the first ones.
    """
    early = list(trials[: max(count, len(trials) - RETEST_APART)])
    places = rng.sample(range(len(early)), min(count, len(early)))
    return [early[place] for place in sorted(places)]
