"""Further slots of a study whose plan leaves a share of its votes to comparison groups chosen while it runs."""

from collections import Counter
from collections.abc import Mapping

from studies.adaptive_lists import Shown, deal_batch
from studies.models import Side, Slot, Study, StudyState
from studies.queries import adaptive_slots, shown_comparisons, slots_of

from .deals import add_slots
from .locks import locked_study


class NoAdaptiveSlots(ValueError):
    """These slots cannot open; the message is a sentence that says why."""


def open_adaptive_slots(study_id: int, *, wanted: Mapping[str, int], rehearsal: bool = False) -> list[Slot]:
    """Open a batch: so many further slots of each comparison group, spread over speakers and dealt into lists.

    wanted   by treatment:control; groups without a comparison that may be shown get none
    Returns  the new slots, behind those there are. Sides of a comparison differ by at most one over all its slots
    Raises   NoAdaptiveSlots if the study is not open, a group is unknown or the budget is not that large
    """
    with locked_study(study_id) as study:
        if study.state != StudyState.OPEN and not rehearsal:
            raise NoAdaptiveSlots(f"Study '{study.key}' is {study.state}; batches open in an open study.")
        contrasts = {str(contrast): contrast.pk for contrast in study.contrasts.all()}
        if unknown := sorted(set(wanted) - set(contrasts)):
            raise NoAdaptiveSlots(f"Study '{study.key}' has no comparison group '{unknown[0]}'.")
        left = adaptive_slots(study, rehearsal=rehearsal).left
        if sum(wanted.values()) > left or min(wanted.values(), default=0) < 0:
            raise NoAdaptiveSlots(f"Of the adaptive slots of '{study.key}' {left} are left: {dict(wanted)} do not fit.")
        comparisons = {(row.item_id, row.contrast_id): row for row in shown_comparisons(study)}
        dealt = deal_batch(
            {contrasts[name]: n for name, n in wanted.items()},
            _shown(study, comparisons, rehearsal=rehearsal),
            trials_per_session=study.trials_per_session,
            seed=study.seed + slots_of(study, rehearsal=rehearsal).count(),
        )
        asked = [(comparisons[slot.item, slot.contrast], slot) for slot in dealt]
        return add_slots(study, asked, rehearsal=rehearsal, adaptive=True)


def studies_that_adapt() -> list[Study]:
    """Open studies with a batch to open now."""
    return [
        study for study in Study.objects.filter(state=StudyState.OPEN).order_by("pk") if adaptive_slots(study).due
    ]


def _shown(study: Study, comparisons: Mapping[tuple[int, int], object], *, rehearsal: bool) -> list[Shown]:
    """Comparisons in the order of speakers and groups, whatever order their rows came in."""
    sides: Counter[tuple[int, str]] = Counter()
    wanted = slots_of(study, rehearsal=rehearsal).filter(replaces__isnull=True, closed_at__isnull=True)
    for comparison, side in wanted.values_list("comparison", "treatment_side"):
        sides[comparison, side] += 1
    rows = sorted(comparisons.values(), key=lambda row: (row.item.position, row.contrast.position, row.pk))
    return [
        Shown(row.item_id, row.contrast_id, sides[row.pk, Side.LEFT.value], sides[row.pk, Side.RIGHT.value])
        for row in rows
    ]
