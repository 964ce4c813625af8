"""What a study that has votes says for the planning of the next one: read from its rows, nothing is written."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from studies.models import Assignment, Choice, Contrast, Exclusion, Session, Side, Study, TrialKind
from studies.queries import active_exclusions

from .records import headline_votes, primary_question
from .variances import Variances, pooled, variances

CHUNK = 2000


@dataclass(frozen=True)
class Pilot:
    """A study's own numbers. Shares in [0, 1]; None where there is nothing to count.

    contrasts    (treatment, control, what its votes say), in the study's order
    together     all of them as one
    ties         share of the votes that chose neither
    left_share   of the votes that chose a side, those for the left one
    dropout      of the sessions that began a trial, those that left; one at work now counts as leaving
    exclusions   of the sessions that began a trial, those that a rule has set aside whole
    """

    study: str
    title: str
    rehearsal: bool
    contrasts: tuple[tuple[str, str, Variances], ...]
    together: Variances
    ties: float | None
    left_share: float | None
    dropout: float | None
    exclusions: float | None


def pilot_of(study: Study, *, rehearsal: bool) -> Pilot:
    """What the votes that count, and the sessions, say. Raises  NoQuestion."""
    rows: dict[int, list[tuple[float, int, int, bool]]] = defaultdict(list)
    choices: dict[str, int] = defaultdict(int)
    fields = headline_votes(study, primary_question(study), rehearsal=rehearsal).values_list(
        "assignment__slot__comparison__contrast_id",
        "assignment__slot__treatment_side",
        "choice",
        "assignment__item_id",
        "assignment__session_id",
    )
    for contrast, treatment_side, choice, item, session in fields.order_by("pk").iterator(CHUNK):
        choices[choice] += 1
        preferred = 0.5 if choice == Choice.TIE else float(choice == treatment_side)
        rows[contrast].append((preferred, item, session, treatment_side == Side.LEFT))
    contrasts = [
        (contrast.treatment, contrast.control, _variances_of(rows[contrast.pk]))
        for contrast in Contrast.objects.filter(study=study).order_by("position", "pk")
    ]
    ties, lefts, votes = choices[Choice.TIE], choices[Side.LEFT], sum(choices.values())
    dropout, exclusions = _losses_of(study, rehearsal=rehearsal)
    return Pilot(
        study=study.key,
        title=study.title,
        rehearsal=rehearsal,
        contrasts=tuple(contrasts),
        together=pooled([found for _, _, found in contrasts]),
        ties=ties / votes if votes else None,
        left_share=lefts / (votes - ties) if votes > ties else None,
        dropout=dropout,
        exclusions=exclusions,
    )


def _variances_of(rows: list[tuple[float, int, int, bool]]) -> Variances:
    preferred, items, sessions, lefts = zip(*rows, strict=True) if rows else ((), (), (), ())
    return variances(preferred, speakers=items, evaluators=sessions, treatment_left=lefts)


def _losses_of(study: Study, *, rehearsal: bool) -> tuple[float | None, float | None]:
    begun = Assignment.objects.filter(session=OuterRef("pk"), kind=TrialKind.MAIN, began_at__isnull=False)
    sessions = Session.objects.filter(Exists(begun), study=study, rehearsal=rehearsal)
    came = sessions.count()
    if not came:
        return None, None
    by_rule = active_exclusions(study).exclude(rule=Exclusion.SURPLUS).filter(session=OuterRef("pk"))
    return sessions.filter(finished_at__isnull=True).count() / came, sessions.filter(Exists(by_rule)).count() / came
