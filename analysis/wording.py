"""How the report puts numbers into words: share and interval before p, the population named, no stars."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .preference import FEWEST_EVALUATORS

if TYPE_CHECKING:
    from .summary import Summary

NONE = "–"
SECONDARY = (
    "A secondary question. The plan's tests are of the primary question: whatever is found here is exploratory, and "
    "outside their adjustment by Holm's method."
)


def p_text(p: float | None) -> str:
    """`.030`, `< .001`, `1.000`; a dash where there is none."""
    if p is None:
        return NONE
    if p < 0.001:
        return "< .001"
    return f"{p:.3f}".removeprefix("0")


def p_clause(p: float) -> str:
    """`p = .030` or `p < .001`."""
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def percent(share: float | None) -> str:
    """One decimal, as `67.5 %`: whole per cent would let 50.4 and 49.6 both touch the line at 50."""
    return NONE if share is None else f"{100 * share:.1f} %"


def percent_range(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f} %"


def number(value: float | None, *, decimals: int = 1) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"


def headline_sentences(summary: "Summary", *, adjusted: str = "") -> list[str]:
    """The generated sentence of one contrast, then whom it speaks of, then why the naive p is not used.

    adjusted  what stands behind p, as `adjusted_clause` says it
    """
    if summary.votes == 0:
        return [f"No votes yet on {summary.treatment} against {summary.control}."]
    # Of a share under one half nobody says "preferred".
    verb = "preferred" if summary.share is None or summary.share >= 0.5 else "chosen"
    counted = (
        f"{summary.treatment} was {verb} over {summary.control} in {summary.wins} of {summary.votes} "
        + ("vote" if summary.votes == 1 else "votes")
        + _ties(summary.ties)
    )
    if summary.interval is None or summary.p is None or summary.effective_votes is None:
        return [f"{counted} ({percent(summary.share)}).", summary.note or ""]
    headline = (
        f"{counted} ({percent(summary.share)}, 95 % interval {percent_range(summary.interval)}, "
        f"clustered by speaker and evaluator, effective n {number(summary.effective_votes, decimals=0)}, "
        f"{', '.join(filter(None, (p_clause(summary.p), adjusted)))})."
    )
    population = (
        f"Interval and p speak of further speakers and further evaluators like these {summary.speakers} "
        f"and {summary.evaluators}."
    )
    return [headline, population, *_naive(summary.binomial_p)]


def adjusted_clause(p: float | None, *, planned: bool, family: int) -> str:
    """`Holm .059 over 2 planned comparisons`; nothing for a planned one that stands alone.

    p       adjusted: Holm's for a planned comparison, Benjamini and Hochberg's for an exploratory one
    family  how many comparisons it is adjusted over
    """
    if p is None or family < 2:
        return "" if planned else "exploratory"
    if planned:
        return f"Holm {p_text(p)} over {family} planned comparisons"
    return f"exploratory, Benjamini-Hochberg {p_text(p)} over {family} exploratory comparisons"


def _ties(ties: int) -> str:
    if not ties:
        return ""
    return ", with 1 tie that counts one half" if ties == 1 else f", with {ties} ties that count one half each"


def _naive(p: float | None) -> list[str]:
    if p is None:
        return []
    sentence = (
        f"Taken as independent, the votes would give {p_clause(p)}: not used, because votes on one speaker "
        "resemble each other, and so do votes of one evaluator."
    )
    return [sentence]


def evaluator_warning(evaluators: int, smallest: float) -> str | None:
    """What few evaluators cannot do; None from six on.

    smallest  the smallest p that a sign-flip over them can reach
    """
    if not 0 < evaluators < FEWEST_EVALUATORS:
        return None
    people = "1 evaluator" if evaluators == 1 else f"{evaluators} evaluators"
    return (
        f"Votes of {people} cannot generalise to other evaluators without a model: the sign-flip over "
        f"evaluators needs {FEWEST_EVALUATORS} to reach .05, and cannot go below {p_text(smallest)} here."
    )


def shared_person_warning(items: int, people: int) -> str | None:
    """What follows where one person speaks in several items; None where nobody does."""
    if people >= items:
        return None
    return (
        f"The {items} speakers' clips show {people} people: the interval takes each clip for a speaker of "
        "its own, so it says less about further people than it seems to."
    )


def equivalence_sentence(
    margin: float, interval: tuple[float, float], equivalent: bool, *, changed_at: datetime | None = None
) -> str:
    """The only place where the report says "no difference", and only with the margin that it is about."""
    bounds = f"{percent_range((0.5 - margin, 0.5 + margin))}, the margin {margin_clause(changed_at)}"
    if equivalent:
        return (
            f"No difference beyond {number(100 * margin)} points: the 90 % interval {percent_range(interval)} lies "
            f"inside {bounds} (two one-sided tests at 5 %)."
        )
    return (
        f"Equivalence is not shown: the 90 % interval {percent_range(interval)} does not lie inside {bounds} "
        "(two one-sided tests at 5 %)."
    )


def margin_clause(changed_at: datetime | None) -> str:
    """Where a margin comes from: one that was changed is not the one that was hashed."""
    return f"changed after launch on {day(changed_at)} (deviation)" if changed_at else "stated in the plan"


def day(at: datetime) -> str:
    """`2 March 2026`, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def p_range(low: float, high: float) -> str:
    """`.012 to .034`; one text where both read the same."""
    texts = p_text(low), p_text(high)
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def adaptive_sentence(votes: int) -> str:
    """Beside a ranking, how many of its votes are in no share; "" where all are in one."""
    if not votes:
        return ""
    return (
        f"{votes} of the counted votes are adaptive: earlier votes chose their comparison groups. They count in this "
        "ranking and in no share or p. Standard errors are computed as if the votes had not chosen."
    )
