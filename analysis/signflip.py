"""The exact sign-flip test over clusters: what if each cluster had leaned the other way by a fair coin?"""

import math
from collections.abc import Hashable, Sequence

import numpy as np


def signflip_p(cluster_sums: Sequence[int]) -> float | None:
    """Exact two-sided sign-flip (one-sample permutation) p over clusters.

    cluster_sums  whole numbers, one a cluster, positive where it leans to the treatment
    Returns       the share of all sign assignments whose total is at least as far from 0 as the observed one;
                  None without clusters; 1 where every cluster is balanced
    Assumes       under the null a cluster's sum is symmetric about 0
    Method        the distribution of all 2^G totals by dynamic programming over whole sums: no sampling.
                  Clusters x total size steps; sums are first divided by their common divisor
    Source        Fisher (1935), The Design of Experiments, section 21
    """
    if len(cluster_sums) == 0:
        return None
    sizes = sorted(abs(int(value)) for value in cluster_sums if value)
    observed = abs(sum(int(value) for value in cluster_sums))
    if observed == 0:
        return 1.0
    divisor = math.gcd(*sizes)
    sizes, observed = [size // divisor for size in sizes], observed // divisor
    total = sum(sizes)
    # positive[k]: probability that the sizes given a plus sign sum to k; the signed total is then 2k - total.
    # Every entry is a whole number of 2^-G, so halving and adding round nothing while G stays under 53.
    positive = np.zeros(total + 1)
    positive[0] = 1.0
    reached = 0
    for size in sizes:
        kept = positive[: reached + 1] / 2
        positive[: reached + 1] = kept
        positive[size : reached + size + 1] += kept
        reached += size
    return min(1.0, 2 * float(positive[(total + observed) // 2 :].sum()))


def cluster_sums(preferred: Sequence[float], clusters: Sequence[Hashable]) -> list[int]:
    """Sums of 2y - 1 a cluster, in order of first appearance: votes for the treatment less votes against.

    preferred  1 for the treatment, 0 for the control; a tie (0.5) is left out, a cluster of ties too
    clusters   one label a vote: its speaker, or its evaluator
    Raises     ValueError where the two lengths differ or a value is none of 0, 0.5 and 1
    """
    sums: dict[Hashable, int] = {}
    for value, cluster in zip(preferred, clusters, strict=True):
        if value not in (0, 0.5, 1):
            raise ValueError(f"A vote is 0, 0.5 or 1, not {value!r}.")
        if value != 0.5:
            sums[cluster] = sums.get(cluster, 0) + (1 if value == 1 else -1)
    return list(sums.values())


def smallest_p(clusters: int) -> float:
    """The smallest two-sided p that this many clusters can reach: 2 of 2^G assignments; 1 without any."""
    return min(1.0, 2.0 ** (1 - clusters))
