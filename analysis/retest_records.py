"""The pairs of a study that evaluators answered twice."""

from django.db.models import F, OuterRef, Subquery

from studies.models import AssignmentState, Choice, Question, Study, TrialKind, Vote
from studies.queries import active_exclusions

from .retests import Retests, retest_consistency
from .votes import CONTROL, TIE, TREATMENT

CHUNK = 2000


def retests_of(study: Study, question: Question, *, rehearsal: bool) -> Retests:
    """How consistent the study's evaluators are, by the pairs whose two answers count.

    Both trials are answered, and neither they nor their session are excluded; a session's retests stay out with it
    """
    set_aside = active_exclusions(study)
    first = Vote.objects.filter(assignment=OuterRef("assignment__retest_of"), question=question)
    rows = (
        Vote.objects.filter(
            question=question,
            assignment__session__study=study,
            assignment__session__rehearsal=rehearsal,
            assignment__kind=TrialKind.RETEST,
            assignment__state=AssignmentState.ANSWERED,
            assignment__retest_of__state=AssignmentState.ANSWERED,
        )
        .exclude(assignment__session__in=set_aside.filter(session__isnull=False).values("session"))
        .exclude(assignment__in=set_aside.filter(assignment__isnull=False).values("assignment"))
        .exclude(assignment__retest_of__in=set_aside.filter(assignment__isnull=False).values("assignment"))
        .annotate(first=Subquery(first.values("choice")[:1]), side=F("assignment__retest_of__slot__treatment_side"))
        .exclude(first=None)
        .order_by("pk")
        .values_list("first", "choice", "side", "assignment__item__speaker__key", "assignment__session__pseudonym")
    )
    before, after, speakers, evaluators = [], [], [], []
    for once, again, side, speaker, evaluator in rows.iterator(CHUNK):
        before.append(_halves(once, treated=once == side))
        # The sides are swapped: the treatment now stands where the control stood.
        after.append(_halves(again, treated=again != side))
        speakers.append(speaker)
        evaluators.append(evaluator)
    return retest_consistency(before, after, speakers=speakers, evaluators=evaluators)


def _halves(choice: str, *, treated: bool) -> int:
    if choice == Choice.TIE:
        return TIE
    return TREATMENT if treated else CONTROL
