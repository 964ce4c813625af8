"""A study's answers read straight into columns of numbers: millions of them without an object each."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When

from studies.models import (
    AssignmentState,
    Choice,
    Comparison,
    Contrast,
    Item,
    Question,
    Session,
    Study,
    Vote,
)

from .records import ExclusionLedger, counted_votes, exclusion_ledger, main_answers
from .votes import CONTROL, LEFT, RIGHT, TIE, TIED, TREATMENT, ContrastName, Labels, Votes, strengths

CHUNK = 20_000
# Not counted, and under no exclusion in force: its slot has an open replacement.
REPLACED = "replaced"


class _Columns(NamedTuple):
    """float64 (n,) each; a missing number is NaN. Row ids are whole and far under 2^53."""

    assignment: np.ndarray
    session: np.ndarray
    item: np.ndarray
    comparison: np.ndarray
    halves: np.ndarray
    side: np.ndarray
    position: np.ndarray
    rt_ms: np.ndarray
    late: np.ndarray
    counted: np.ndarray
    adaptive: np.ndarray
    strength: np.ndarray


def votes_of(study: Study, question: Question, *, rehearsal: bool) -> Votes:
    """Every answer to a main trial, counted or set aside, in the order they were given.

    rehearsal  the rehearsal's simulated votes instead of evaluators'
    """
    columns = _read(_answers(study, question, rehearsal=rehearsal))
    contrasts = list(Contrast.objects.filter(study=study).order_by("position", "pk"))
    number = {contrast.pk: i for i, contrast in enumerate(contrasts)}
    comparisons = Comparison.objects.filter(contrast__study=study).values_list("pk", "contrast_id")
    contrast_of = {comparison: number[contrast] for comparison, contrast in comparisons}
    items = list(Item.objects.filter(study=study).values_list("pk", "speaker__key", "speaker__person_id"))
    pseudonyms = Session.objects.filter(study=study, rehearsal=rehearsal).values_list("pk", "pseudonym")
    return Votes(
        contrasts=tuple(ContrastName(c.treatment, c.control, c.is_planned) for c in contrasts),
        contrast=_mapped(columns.comparison, contrast_of),
        halves=columns.halves.astype(np.int8),
        items=_labels(columns.item, {pk: key for pk, key, _ in items}),
        evaluators=_labels(columns.session, dict(pseudonyms)),
        people=_labels(columns.item, {pk: key if who is None else f"person {who}" for pk, key, who in items}),
        side=columns.side.astype(np.int8),
        position=columns.position,
        rt_ms=columns.rt_ms,
        counted=columns.counted.astype(bool),
        reason=_reasons(columns, exclusion_ledger(study)),
        adaptive=columns.adaptive.astype(bool) if columns.adaptive.any() else None,
        strength=strengths(columns.strength),
    )


def _answers(study: Study, question: Question, *, rehearsal: bool) -> QuerySet[Vote]:
    counted = counted_votes(study, question, rehearsal=rehearsal).filter(pk=OuterRef("pk"))
    return (
        main_answers(study, question, rehearsal=rehearsal)
        .order_by("pk")
        .values_list(
            "assignment_id",
            "assignment__session_id",
            "assignment__item_id",
            "assignment__slot__comparison_id",
            Case(
                When(choice=Choice.TIE, then=Value(TIE)),
                When(choice=F("assignment__slot__treatment_side"), then=Value(TREATMENT)),
                default=Value(CONTROL),
            ),
            Case(When(choice=Choice.LEFT, then=Value(LEFT)), When(choice=Choice.RIGHT, then=Value(RIGHT)),
                 default=Value(TIED)),
            "assignment__position",
            "rt_ms",
            Case(When(assignment__state=AssignmentState.LATE, then=Value(1)), default=Value(0)),
            Case(When(Exists(counted), then=Value(1)), default=Value(0)),
            "assignment__slot__adaptive",
            "strength",
        )
    )  # fmt: skip


def _read(rows: QuerySet) -> _Columns:
    parts = [np.empty((0, len(_Columns._fields))), *_chunks(rows.iterator(CHUNK))]
    return _Columns(*np.concatenate(parts).T)


def _chunks(rows: Iterator[tuple]) -> Iterator[np.ndarray]:
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield np.array(chunk, dtype=float)
            chunk = []
    if chunk:
        yield np.array(chunk, dtype=float)


def _mapped(ids: np.ndarray, number: Mapping[int, int]) -> np.ndarray:
    """The number of each id: int32, same length."""
    known, codes = np.unique(ids.astype(np.int64), return_inverse=True)
    return np.array([number[i] for i in known.tolist()], dtype=np.int32)[codes]


def _labels(ids: np.ndarray, name: Mapping[int, str]) -> Labels:
    """Names in order, whatever the order of ids; two ids of one name are one label."""
    known, codes = np.unique(ids.astype(np.int64), return_inverse=True)
    labels = Labels.of([name[i] for i in known.tolist()])
    return Labels(labels.names, labels.codes[codes])


def _reasons(columns: _Columns, ledger: ExclusionLedger) -> Labels:
    """The first rule that set each answer aside, "" where it counts."""
    rules = {"": 0}
    codes = np.zeros(len(columns.counted), dtype=np.int32)
    for row in np.flatnonzero(columns.counted == 0).tolist():
        found = ledger.reasons(
            int(columns.assignment[row]), session=int(columns.session[row]), late=bool(columns.late[row])
        )
        codes[row] = rules.setdefault(found[0][0] if found else REPLACED, len(rules))
    return Labels(tuple(rules), codes)
