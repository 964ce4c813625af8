"""Where the checks of one session stand among its main trials. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

CENTRAL = (0.2, 0.8)


def places_of_checks(trials: int, *, attention: int, catch: int, rng: Random) -> tuple[list[int], list[int]]:
    """After how many main trials each attention check and each catch check stands, drawn for one session.

    trials   main trials of the session, at least 1
    Returns  two ascending lists of 1 to `trials`, so that no check comes first. With no more checks than trials all
             differ, so that no two checks meet. Attention checks stand between 20 % and 80 % of all these trials,
             spread: one in each of as many stretches as there are of them; where too few places lie there, in
             those nearest to the middle. Catch checks stand anywhere else
    """
    places = range(1, trials + 1)
    central = _central(places, attention, all_trials=trials + attention + catch, checks=attention + catch)
    bounds = [len(central) * n // max(1, attention) for n in range(attention + 1)]
    watched = [rng.choice(central[a:b] or central) for a, b in pairwise(bounds)]
    free = [place for place in places if place not in watched]
    caught = rng.sample(free, min(catch, len(free)))
    caught += rng.choices(places, k=catch - len(caught))
    return sorted(watched), sorted(caught)


def _central(places: Sequence[int], wanted: int, *, all_trials: int, checks: int) -> list[int]:
    """The places between the bounds, whichever of the other checks come before; at least as many as are wanted."""
    low, high = (share * all_trials for share in CENTRAL)
    within = sum(low <= place and place + checks <= high for place in places)
    return sorted(sorted(places, key=lambda place: abs(place - len(places) / 2))[: max(wanted, within)])
