"""What a stopping rule says of a study's completed speakers: the looks made, those still due, and whether it stops."""

import math
from dataclasses import dataclass
from datetime import datetime

from studies.stopping_rules import LOOKS, StoppingRule

from .stopping import Evidence, SignflipLook, e_process, planned_looks
from .wording import p_clause

DUE, GO_ON, STOP, END, NOT_MADE = "due", "go on", "stop", "the end", "not made"


@dataclass(frozen=True)
class Blocks:
    """Completed speakers of one comparison group, in the order of waves and positions.

    sums      votes for the treatment less votes for the control
    votes     votes that count, ties among them; 0 where all were set aside
    voted_at  when the last of them was given; None where there are none
    """

    sums: tuple[int, ...]
    votes: tuple[int, ...]
    voted_at: tuple[datetime | None, ...]

    def __len__(self) -> int:
        return len(self.sums)


@dataclass(frozen=True)
class PlannedLook:
    """One look that the plan names, made or not. What was not looked at is None.

    contrast     treatment:control
    speakers     completed ones that it is at
    complete_at  when the last vote that it sees was given
    votes        votes that it sees
    value        planned looks: votes for the treatment less votes for the control. E-process: natural logarithm of the
                 largest evidence so far
    boundary     the value, or distance of it from 0, that stops; None where a planned look has none
    p            adjusted for the looks where the study ends at this one; of an e-process anytime-valid, at every look
    decision     due, go on, stop, the end (the last look, which did not stop it), not made (the rule had said stop)
    """

    contrast: str
    speakers: int
    complete_at: datetime | None
    votes: int | None
    value: float | None
    boundary: float | None
    p: float | None
    decision: str


@dataclass(frozen=True)
class Look:
    """What a study's rule says of its completed speakers.

    contrast  treatment:control, the primary comparison group as it was at launch
    blocks    every completed speaker; a look sees those of the last planned number that is reached
    looks     planned looks made so far, up to the first that stops; empty for an e-process
    evidence  of an e-process, over the speakers of the last look; None for planned looks
    stops_at  the number of completed speakers at which the rule says stop; None where it goes on
    """

    rule: StoppingRule
    contrast: str
    blocks: Blocks
    looks: tuple[SignflipLook, ...]
    evidence: Evidence | None
    stops_at: int | None

    @property
    def speakers(self) -> int:
        return len(self.blocks)

    @property
    def is_early(self) -> bool:
        """Whether the rule stops a study that was not complete anyway."""
        return self.stops_at is not None and self.stops_at < self.rule.looks[-1]

    @property
    def planned(self) -> tuple[PlannedLook, ...]:
        """One a look of the plan, in its order."""
        return tuple(map(self._planned, self.rule.looks))

    @property
    def sentence(self) -> str:
        """What was found, for the owner and the command line."""
        made = [number for number in self.rule.looks if number <= self.speakers]
        if not made:
            return f"{self.speakers} speakers are complete; the first look is at {self.rule.looks[0]}."
        at = self.stops_at or made[-1]
        verdict = self._decision(at)
        return f"Look at {at} completed speakers, {self.contrast}: {verdict}. {self._figures(at)}"

    def _decision(self, speakers: int) -> str:
        if self.stops_at is not None and speakers >= self.stops_at:
            return STOP if speakers == self.stops_at else NOT_MADE
        if speakers > self.speakers:
            return DUE
        return END if speakers == self.rule.looks[-1] else GO_ON

    def _figures(self, at: int) -> str:
        if self.evidence is not None:
            bar = f"{1 / self.rule.alpha:g} to 1 are needed"
            return f"Anytime-valid {p_clause(_anytime_p(self._evidence(at)))}; {bar}."
        look = self._made(at)
        bar = "no total would have stopped it" if look.boundary is None else f"from {look.boundary} on it stops"
        adjusted = "" if look.adjusted_p is None else f" Adjusted for the looks, {p_clause(look.adjusted_p)}."
        return f"Votes for less votes against: {look.total:+d}; {bar}.{adjusted}"

    def _made(self, speakers: int) -> SignflipLook:
        return next(look for look in self.looks if look.speakers == speakers)

    def _evidence(self, speakers: int) -> float:
        """Logarithm of the largest so far."""
        return max(0.0, *self.evidence.log_e[:speakers])

    def _planned(self, speakers: int) -> PlannedLook:
        decision = self._decision(speakers)
        if decision in (DUE, NOT_MADE):
            return PlannedLook(self.contrast, speakers, None, None, None, None, None, decision)
        value: float
        boundary: float | None
        if self.evidence is not None:
            value, boundary = self._evidence(speakers), -math.log(self.rule.alpha)
            p: float | None = _anytime_p(value)
        else:
            look = self._made(speakers)
            value, boundary, p = look.total, look.boundary, look.adjusted_p
        given = [at for at in self.blocks.voted_at[:speakers] if at is not None]
        return PlannedLook(
            contrast=self.contrast,
            speakers=speakers,
            complete_at=max(given, default=None),
            votes=sum(self.blocks.votes[:speakers]),
            value=value,
            boundary=boundary,
            p=p,
            decision=decision,
        )


def _anytime_p(log_e: float) -> float:
    return min(1.0, math.exp(-log_e))


def look_of(rule: StoppingRule, contrast: str, blocks: Blocks) -> Look:
    """What a rule that looks says of these speakers."""
    if rule.kind == LOOKS:
        looks = tuple(planned_looks(blocks.sums, rule))
        stops_at = looks[-1].speakers if looks and looks[-1].stops else None
        return Look(rule, contrast, blocks, looks, None, stops_at)
    seen = max((number for number in rule.looks if number <= len(blocks)), default=0)
    evidence = e_process(blocks.sums[:seen], blocks.votes[:seen], alpha=rule.alpha)
    reached = evidence.reached
    stops_at = None if reached is None else next(number for number in rule.looks if number >= reached)
    return Look(rule, contrast, blocks, (), evidence, stops_at)
