"""Dealing: the slots of a study at launch, and a session's trials when it begins or comes back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from random import Random

from django.db.models import Max

from studies.checks import retest_choice
from studies.dealing import DealtSlot, FreeSlot, best_deal, deal_waves, imbalance
from studies.entry_queries import trials_left_to_group
from studies.met import slots_for
from studies.models import (
    Assignment,
    AssignmentState,
    Comparison,
    Item,
    ItemKind,
    Session,
    Side,
    Slot,
    Stimulus,
    Study,
    TrialKind,
)
from studies.models.facts import HOLDS_SLOT
from studies.placing import places_of_checks
from studies.queries import check_items, practice_items, slots_of, slots_to_deal, stimuli_by_item

from .waves import set_waves

PRACTICE_TRIALS = 2


def deal_study(study: Study, *, rehearsal: bool) -> list[Slot]:
    """Make all slots of a study (or of its rehearsal), dealt into whole lists. Call under the study's lock.

    Returns  the slots; those that exist already, if it was dealt before
    """
    existing = list(slots_of(study, rehearsal=rehearsal))
    if existing:
        return existing
    contrasts = list(study.contrasts.order_by("position"))
    waves = set_waves(study)
    items = list(Item.objects.filter(study=study, kind=ItemKind.MAIN).order_by("position"))
    comparison_of = {
        (c.item_id, c.contrast_id): c for c in Comparison.objects.filter(contrast__study=study).order_by("pk")
    }
    dealt = deal_waves(
        waves,
        contrasts=len(contrasts),
        votes_per_comparison=study.votes_per_comparison,
        trials_per_session=study.trials_per_session,
        seed=study.seed,
    )
    wanted = [(comparison_of[items[d.item].pk, contrasts[d.contrast].pk], d) for d in dealt]
    return add_slots(study, wanted, rehearsal=rehearsal)


def add_slots(
    study: Study, wanted: Sequence[tuple[Comparison, DealtSlot]], *, rehearsal: bool = False, adaptive: bool = False
) -> list[Slot]:
    """Open these slots behind those there are: numbers and lists count on. Call under the study's lock."""
    existing = slots_of(study, rehearsal=rehearsal).order_by()
    last_numbers = existing.values_list("comparison", "treatment_side").annotate(last=Max("number"))
    numbers = {(comparison, side): last for comparison, side, last in last_numbers}
    last_list = existing.aggregate(last=Max("list_number"))["last"]
    next_list = 0 if last_list is None else last_list + 1
    slots = []
    for comparison, dealt in wanted:
        side = Side.LEFT if dealt.treatment_left else Side.RIGHT
        slots.append(
            Slot(
                comparison=comparison,
                treatment_side=side,
                number=numbers.get((comparison.pk, side.value), 0) + dealt.number,
                rehearsal=rehearsal,
                adaptive=adaptive,
                list_number=next_list + dealt.list_number,
                position=dealt.position,
            )
        )
    return Slot.objects.bulk_create(slots)


def deal_session(session: Session, *, at: datetime) -> list[Assignment]:
    """Give a session its trials: a whole list if it is fresh and one is left, else the best that is free.

    A session that comes back gets its own slots again where they are still free, then others on items it has
    not met. Call under the study's lock, after expired leases were ended.
    Returns  the trials that are live now and were not before, in order
    """
    trials = session.study.trials_per_session
    of_group = trials_left_to_group(session)
    room = trials if of_group is None else min(trials, of_group)
    is_fresh = not session.assignments.filter(kind=TrialKind.MAIN).exists()
    if is_fresh:
        slots = _whole_list(session, at_most=room)
        whole = bool(slots)
        if not whole:
            slots = _best_slots(session, at_most=room)
        if not slots:
            return []
        revived = []
        new = _with_practice_and_checks(session, slots)
    else:
        main_again = _take_back_own(session, at_most=room)
        taken = session.assignments.filter(kind=TrialKind.MAIN).exclude(
            state__in=[AssignmentState.EXPIRED, AssignmentState.RETURNED]
        )
        slots = _best_slots(session, at_most=min(trials - taken.count(), room - len(main_again)))
        whole = False
        # Practice and checks come back only beside trials that count: nobody is led through those alone.
        revived = main_again + (_take_back_others(session) if main_again or slots else [])
        new = [_main_trial(slot) for slot in slots]
    keep_trials(session, new, at=at)
    if is_fresh and session.study.retests_per_session:
        main = [trial for trial in new if trial.kind == TrialKind.MAIN]
        again = retest_choice(main, session.study.retests_per_session, rng=seeded(session, "retests"))
        new += keep_trials(session, shown_again(again), at=at)
    if slots:
        _record_deal(session, slots, whole=whole, at=at)
    return revived + new


def _whole_list(session: Session, *, at_most: int) -> list[Slot]:
    """The first list of the wave that nobody has touched and nothing closed; empty if none is so short."""
    wanted = Counter(
        slots_of(session.study, rehearsal=session.rehearsal)
        .filter(list_number__isnull=False)
        .values_list("list_number", flat=True)
    )
    free = slots_for(session).filter(list_number__isnull=False)
    left = Counter(free.values_list("list_number", flat=True))
    whole = [number for number, size in wanted.items() if left[number] == size <= at_most]
    if not whole:
        return []
    # The last list may be shorter than a session: full ones first.
    number = min(whole, key=lambda n: (-wanted[n], n))
    return list(free.filter(list_number=number).select_related("comparison"))


def _best_slots(session: Session, *, at_most: int) -> list[Slot]:
    if at_most < 1:
        return []
    met = session.assignments.filter(kind=TrialKind.MAIN).exclude(
        state__in=[AssignmentState.EXPIRED, AssignmentState.RETURNED], began_at__isnull=True
    )
    free = {
        slot.pk: slot
        for slot in slots_for(session)
        .exclude(comparison__item__in=met.values("item"))
        .select_related("comparison")
    }
    chosen = best_deal([_as_free(slot) for slot in free.values()], at_most=at_most)
    return [free[slot.key] for slot in chosen]


def _take_back_own(session: Session, *, at_most: int) -> list[Assignment]:
    """The session's own expired main trials whose slots nobody else has taken."""
    back = []
    free = set(slots_to_deal(session.study, rehearsal=session.rehearsal).values_list("pk", flat=True))
    held_items = set(
        session.assignments.filter(kind=TrialKind.MAIN, state__in=HOLDS_SLOT).values_list("item", flat=True)
    )
    expired = session.assignments.filter(state=AssignmentState.EXPIRED, kind=TrialKind.MAIN)
    for assignment in expired.order_by("position"):
        if len(back) < at_most and assignment.slot_id in free and assignment.item_id not in held_items:
            free.discard(assignment.slot_id)
            held_items.add(assignment.item_id)
            back.append(_revive(assignment))
    return back


def _take_back_others(session: Session) -> list[Assignment]:
    """The session's expired practice and check trials: they hold no slot, so they are always free."""
    expired = session.assignments.filter(state=AssignmentState.EXPIRED).exclude(kind=TrialKind.MAIN)
    return [_revive(assignment) for assignment in expired.order_by("position")]


def _revive(assignment: Assignment) -> Assignment:
    assignment.state = AssignmentState.LIVE
    assignment.ended_at = None
    assignment.save(update_fields=["state", "ended_at"])
    return assignment


def _with_practice_and_checks(session: Session, slots: list[Slot]) -> list[Assignment]:
    """Practice first, then the slots in their order with the checks among them, at places of this session's own.

    Were they the same in all sessions, evaluators who compare notes could tell which trials are checks.
    """
    study = session.study
    rng = seeded(session)
    stimuli = stimuli_by_item(study)
    practice = [
        _known_trial(item, stimuli[item.pk], TrialKind.PRACTICE, rng)
        for item in practice_items(study)[:PRACTICE_TRIALS]
    ]
    checks = [_known_trial(item, stimuli[item.pk], TrialKind(item.kind), rng) for item in check_items(study)]
    rng.shuffle(checks)
    attention = [check for check in checks if check.kind == TrialKind.ATTENTION]
    catch = [check for check in checks if check.kind == TrialKind.CATCH]
    places = places_of_checks(len(slots), attention=len(attention), catch=len(catch), rng=rng)
    after: dict[int, list[Assignment]] = defaultdict(list)
    for place, check in [*zip(places[0], attention, strict=True), *zip(places[1], catch, strict=True)]:
        after[place].append(check)
    trials = [trial for n, slot in enumerate(slots, start=1) for trial in (_main_trial(slot), *after[n])]
    return practice + trials


def seeded(session: Session, *what_for: str) -> Random:
    """Chance of a session's own, by the study's seed and the session's number among the others."""
    number = session.study.sessions.filter(pk__lt=session.pk).count()
    return Random(":".join([f"{session.study.seed}:{session.rehearsal}:{number}", *what_for]))


def keep_trials(session: Session, trials: list[Assignment], *, at: datetime) -> list[Assignment]:
    """Write these trials behind those there are. Practice that has to be passed leaves room for one round more."""
    last = session.assignments.order_by("-position").values_list("position", flat=True).first() or 0
    practice = sum(trial.kind == TrialKind.PRACTICE for trial in trials)
    room = practice if session.study.practice_pass_mark else 0
    for position, trial in enumerate(trials, start=last + 1):
        trial.session = session
        trial.position = position + (0 if trial.kind == TrialKind.PRACTICE else room)
        trial.dealt_at = at
    return Assignment.objects.bulk_create(trials)


def shown_again(trials: Iterable[Assignment]) -> list[Assignment]:
    """The same pairs once more, sides swapped. What was not answered by then is left out when its turn comes."""
    return [
        Assignment(
            item_id=trial.item_id, kind=TrialKind.RETEST, left_id=trial.right_id, right_id=trial.left_id,
            retest_of=trial,
        )
        for trial in trials
    ]


def _main_trial(slot: Slot) -> Assignment:
    comparison = slot.comparison
    pair = [comparison.treatment_id, comparison.control_id]
    left, right = pair if slot.treatment_side == Side.LEFT else reversed(pair)
    return Assignment(
        item_id=comparison.item_id, kind=TrialKind.MAIN, slot=slot, left_id=left, right_id=right
    )


def _known_trial(item: Item, stimuli: list[Stimulus], kind: TrialKind, rng: Random) -> Assignment:
    """A trial outside the slots: the item's known better side against its other one, sides by the seed."""
    better = [stimulus for stimulus in stimuli if stimulus.condition == item.correct_condition]
    others = [stimulus for stimulus in stimuli if stimulus.condition != item.correct_condition]
    pair = (better + others)[:2]
    rng.shuffle(pair)
    return Assignment(item=item, kind=kind, left=pair[0], right=pair[1])


def _as_free(slot: Slot) -> FreeSlot:
    return FreeSlot(
        key=slot.pk,
        item=slot.comparison.item_id,
        contrast=slot.comparison.contrast_id,
        treatment_left=slot.treatment_side == Side.LEFT,
    )


def _record_deal(session: Session, slots: list[Slot], *, whole: bool, at: datetime) -> None:
    contrasts = session.study.contrasts.values_list("pk", flat=True)
    sides, groups = imbalance([_as_free(slot) for slot in slots], contrasts=contrasts)
    session.deals.append(
        {
            "at": at.isoformat(),
            "slots": len(slots),
            "whole_list": whole,
            "side_imbalance": sides,
            "contrast_imbalance": groups,
        }
    )
    session.save(update_fields=["deals"])
