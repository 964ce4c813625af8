"""Withdrawal: what is held of an evaluator's session, its deletion, and the slots that are wanted again."""

import re
import secrets
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet

from studies.codes import read_code, spell_code
from studies.models import (
    Assignment,
    AssignmentState,
    Consent,
    Deviation,
    Evaluator,
    Exclusion,
    Invitation,
    ListedEvaluator,
    Note,
    PlatformIdentity,
    Remark,
    Session,
    Slot,
    Study,
    Submission,
    Vote,
    Withdrawal,
)
from studies.queries import free_slots, replaced_comparisons

from .exclusions import UNDONE, count_again, settle_replacements
from .leases import close_held_slots
from .locks import locked_session
from .replacements import REPLACED
from .sessions import keyed_hash

GROUPS = 4  # 80 bits
UNNAMED = "(withdrawn)"


def receipt_for(session: Session) -> str:
    """The code by which the evaluator may withdraw from any device: always the same; only its keyed hash is kept."""
    code = spell_code(bytes.fromhex(keyed_hash(f"receipt:{session.token}")), groups=GROUPS)
    found_by = _receipt_hash(code)
    if session.receipt_hash != found_by:
        Session.objects.filter(pk=session.pk).update(receipt_hash=found_by)
        session.receipt_hash = found_by
    return code


def session_of_receipt(text: str) -> Session | None:
    """The session whose code someone typed, however they grouped it."""
    return Session.objects.select_related("study").filter(receipt_hash=_receipt_hash(text)).first()


def held_of(session: Session) -> dict[str, int]:
    """What would be deleted if the evaluator withdrew now, by kind; kinds of which there is nothing are left out."""
    counts = {kind: rows.count() for kind, rows in _rows_of(session).items()} | _columns_of(session)
    return {kind: n for kind, n in counts.items() if n}


def is_listed(session: Session) -> bool:
    """Whether the keyed hash of who they are stands on a list of evaluators, which a withdrawal leaves as it is."""
    return ListedEvaluator.objects.filter(identity_hash=session.evaluator.identity_hash).exists()


def withdraw(session_id: int, *, at: datetime) -> Withdrawal:
    """Delete everything that is held of this session and, if they have no other, of its evaluator.

    Slots that it answered or held are free again. An answer that replaced one of its own takes that one's slot.
    The ledger keeps what it says of others: where it names this session's pseudonym, the name goes.
    Returns  what is left: it names nobody
    Raises   Session.DoesNotExist, also for who withdrew before
    """
    with locked_session(session_id) as session:
        study = session.study
        # Who arrives at another study as the same evaluator waits, or is seen here.
        Evaluator.objects.select_for_update().get(pk=session.evaluator_id)
        deleted = held_of(session)
        gaps = _detach_replacements(session)
        session.assignments.update(consent=None)
        for rows in _rows_of(session).values():
            rows.delete()
        for slot, replacement in gaps:
            _close_gap(slot, replacement, at=at)
        _close_unshown(study, at=at)
        _forget_name(study, session.pseudonym)
        certificate = spell_code(secrets.token_bytes(16), groups=GROUPS)
        return Withdrawal.objects.create(
            study=study, rehearsal=session.rehearsal, certificate=certificate, deleted=deleted, at=at
        )


def _receipt_hash(text: str) -> str:
    return keyed_hash(f"receipt hash:{read_code(text)}")


def _rows_of(session: Session) -> dict[str, QuerySet]:
    """Every row about a session, by kind, in an order in which they can be deleted."""
    has_others = Session.objects.filter(evaluator=session.evaluator_id).exclude(pk=session.pk).exists()
    alone = [] if has_others else [session.evaluator_id]
    return {
        "votes": Vote.objects.filter(assignment__session=session),
        "remarks": Remark.objects.filter(assignment__session=session),
        "notes": Note.objects.filter(session=session),
        "exclusions": Exclusion.objects.filter(Q(session=session) | Q(assignment__session=session)),
        "trials": Assignment.objects.filter(session=session),
        "consents": Consent.objects.filter(session=session),
        "submissions": Submission.objects.filter(session=session),
        "invitations": Invitation.objects.filter(session=session),
        "sessions": Session.objects.filter(pk=session.pk),
        "identities": PlatformIdentity.objects.filter(evaluator__in=alone),
        "evaluators": Evaluator.objects.filter(pk__in=alone),
    }


def _columns_of(session: Session) -> dict[str, int]:
    """What the session's own row holds and a person would not look for there."""
    return {"entry_answers": len(session.entry_answers), "device_checks": int(session.checked_at is not None)}


def _detach_replacements(session: Session) -> list[tuple[Slot, Slot]]:
    """Cut the slots that replace this session's votes from them. Returns (slot of the vote, its replacement)."""
    replacements = list(Slot.objects.filter(replaces__session=session).select_related("replaces__slot").order_by("pk"))
    gaps = [(replacement.replaces.slot, replacement) for replacement in replacements]
    Slot.objects.filter(pk__in=[replacement.pk for replacement in replacements]).update(replaces=None)
    return gaps


def _close_gap(slot: Slot, replacement: Slot, *, at: datetime) -> None:
    """The vote in `slot` is gone, so nothing is replaced any more: what the replacement held moves up to it."""
    replacement.assignments.update(slot=slot)
    answer = slot.assignments.filter(state=AssignmentState.ANSWERED).first()
    if answer is None and replacement.closed_reason not in ("", UNDONE):
        Slot.objects.filter(pk=slot.pk, closed_at__isnull=True).update(
            closed_at=replacement.closed_at, closed_reason=replacement.closed_reason
        )
    replacement.delete()
    if answer is not None:
        if slot.replaces_id is None:
            count_again(answer, reason="The vote it replaced was withdrawn.", at=at)
        settle_replacements([answer], at=at)


def _close_unshown(study: Study, *, at: datetime) -> None:
    """Of the slots that came free, those whose videos are shown no more are wanted by nobody."""
    replaced = free_slots(study).filter(comparison__in=replaced_comparisons(study))
    Slot.objects.filter(pk__in=list(replaced.values_list("pk", flat=True))).update(
        closed_at=at, closed_reason=REPLACED
    )
    close_held_slots(study, at=at)


def _forget_name(study: Study, pseudonym: str) -> None:
    """Take a pseudonym out of what the ledgers, the lists and the admin's history say of others."""
    _write_anew(Deviation.objects.filter(study=study, what__icontains=pseudonym), "what", pseudonym)
    _write_anew(Exclusion.objects.filter(study=study, reason__icontains=pseudonym), "reason", pseudonym)
    for row in ListedEvaluator.objects.filter(reason__icontains=pseudonym):
        row.reason = _without(row.reason, pseudonym)
        row.save(update_fields=["reason"])
    for entry in LogEntry.objects.filter(change_message__icontains=pseudonym):
        entry.change_message = _without(entry.change_message, pseudonym)
        entry.save(update_fields=["change_message"])


def _without(text: str, pseudonym: str) -> str:
    return re.sub(re.escape(pseudonym), UNNAMED, text, flags=re.IGNORECASE)


def _write_anew(rows: QuerySet, field: str, pseudonym: str) -> None:
    """The same rows without the name, under their own keys, as other rows point to them: triggers refuse an update.

    Foreign keys are checked when the transaction ends, so `_raw_delete`, which cascades nothing, may take them out.
    """
    found: list[Model] = list(rows)
    rows.model.objects.filter(pk__in=[row.pk for row in found])._raw_delete(rows.db)
    for row in found:
        setattr(row, field, _without(getattr(row, field), pseudonym))
    rows.model.objects.bulk_create(found)
