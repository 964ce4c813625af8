"""What must hold of a study's rows at every moment, worked out naively from the rows themselves."""

from collections import Counter

from studies.models import Assignment, Exclusion, Session, Slot, Study
from studies.queries import valid_assignments
from studies.services.leases import HELD
from studies.services.replacements import REPLACED

HOLDING = ("live", "answered")


def check_study(study: Study, *, rehearsal: bool = False) -> None:
    slots = {s.pk: s for s in Slot.objects.filter(comparison__contrast__study=study, rehearsal=rehearsal)}
    trials = list(Assignment.objects.filter(session__study=study, session__rehearsal=rehearsal))
    main = [t for t in trials if t.kind == "main"]
    holders = Counter(t.slot_id for t in main if t.state in HOLDING)
    assert all(n == 1 for n in holders.values()), "a slot is held twice"
    items = Counter((t.session_id, t.item_id) for t in main if t.state in HOLDING)
    assert all(n == 1 for n in items.values()), "an item came twice in a session"
    for session in Session.objects.filter(study=study, rehearsal=rehearsal):
        dealt = [t for t in main if t.session_id == session.pk and t.state not in ("expired", "returned")]
        assert len(dealt) <= study.trials_per_session, "a session has more trials than the study says"
    valid = _valid(study, slots, main)
    assert valid == set(valid_assignments(study, rehearsal=rehearsal).values_list("pk", flat=True))
    quota, filled = Counter(), Counter()
    for slot in slots.values():
        if slot.replaces_id is None and slot.closed_at is None:
            quota[slot.comparison_id, slot.treatment_side] += 1
    for trial in main:
        if trial.pk in valid or trial.state == "live":
            slot = slots[trial.slot_id]
            filled[slot.comparison_id, slot.treatment_side] += 1
    for cell, n in filled.items():
        assert n <= quota[cell], f"{n} votes and leases for {quota[cell]} wanted in {cell}"
    live = any(t.state == "live" for t in main)
    free = [s for s in slots.values() if s.closed_at is None and s.pk not in holders]
    if not live and not free:
        assert filled == quota, "all slots are answered and a quota is not met"


def _valid(study: Study, slots: dict[int, Slot], main: list[Assignment]) -> set[int]:
    """One vote a chain: the first that no plan rule in force excludes."""
    undone = set(Exclusion.objects.filter(study=study, undoes__isnull=False).values_list("undoes", flat=True))
    rules = [e for e in Exclusion.objects.filter(study=study, replaces_votes=True) if e.pk not in undone]
    out = {e.assignment_id for e in rules} - {None}
    out_sessions = {e.session_id for e in rules} - {None}
    answer_of = {t.slot_id: t for t in main if t.state == "answered"}
    standing = [s for s in slots.values() if s.replaces_id and s.closed_reason not in (HELD, REPLACED)]
    replacement_of = {s.replaces_id: s for s in standing}
    valid = set()
    for slot in slots.values():
        answer = answer_of.get(slot.pk) if slot.replaces_id is None else None
        while answer and (answer.pk in out or answer.session_id in out_sessions):
            replacement = replacement_of.get(answer.pk)
            if replacement is None:
                break
            answer = answer_of.get(replacement.pk)
        if answer:
            valid.add(answer.pk)
    return valid
