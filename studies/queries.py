"""What a study holds, read from its rows. Nothing here writes, and nothing is counted but by counting."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from .adaptive_lists import adaptive_budget, batch_size
from .asking import AskedQuestion, Asking
from .models import (
    Assignment,
    AssignmentState,
    Comparison,
    Exclusion,
    Item,
    ItemKind,
    Plan,
    Rendition,
    Session,
    Slot,
    Stimulus,
    Study,
    TrialKind,
    Withdrawal,
)
from .models.facts import HOLDS_SLOT
from .plans import plan_in_force

DONE = [AssignmentState.ANSWERED, AssignmentState.LATE]
# The reason kept with a trial that its evaluator did not want to see.
SKIPPED = "skipped"


def asking_of(study: Study) -> Asking:
    """What evaluators of the study are asked about each pair, the primary question first."""
    questions = tuple(
        AskedQuestion(q.key, q.text, q.form, tuple((reason["key"], reason["text"]) for reason in q.reasons))
        for q in study.questions.order_by("position")
    )
    return Asking(questions, asks_comment=study.asks_comment, asks_when=study.asks_when)


def active_exclusions(study: Study) -> QuerySet[Exclusion]:
    """Exclusions in force: neither undone nor themselves an undoing."""
    return Exclusion.objects.filter(study=study, undoes__isnull=True, undone_by__isnull=True)


def valid_assignments(study: Study, *, rehearsal: bool = False) -> QuerySet[Assignment]:
    """Answered main trials that fill a slot: not replaced by an open slot, not surplus.

    Exclusions that act in analysis only do not count against them.
    """
    surplus = active_exclusions(study).filter(rule=Exclusion.SURPLUS, assignment=OuterRef("pk"))
    replaced = Slot.objects.filter(replaces=OuterRef("pk"), closed_at__isnull=True)
    return Assignment.objects.filter(
        ~Exists(surplus),
        ~Exists(replaced),
        session__study=study,
        session__rehearsal=rehearsal,
        kind=TrialKind.MAIN,
        state=AssignmentState.ANSWERED,
    )


def slots_of(study: Study, *, rehearsal: bool = False) -> QuerySet[Slot]:
    return Slot.objects.filter(comparison__contrast__study=study, rehearsal=rehearsal)


def free_slots(study: Study, *, rehearsal: bool = False) -> QuerySet[Slot]:
    """Open slots that nobody holds, in dealt order, replacements last."""
    held = Assignment.objects.filter(slot=OuterRef("pk"), state__in=HOLDS_SLOT)
    return (
        slots_of(study, rehearsal=rehearsal)
        .filter(~Exists(held), closed_at__isnull=True)
        .order_by(F("list_number").asc(nulls_last=True), "position", "pk")
    )


def unfilled_slots(study: Study, *, rehearsal: bool = False) -> QuerySet[Slot]:
    """Slots that are neither answered nor closed, promised ones among them."""
    answered = Assignment.objects.filter(slot=OuterRef("pk"), state=AssignmentState.ANSWERED)
    return slots_of(study, rehearsal=rehearsal).filter(~Exists(answered), closed_at__isnull=True)


def shown_comparisons(study: Study) -> list[Comparison]:
    """The newest comparison of each contrast on each item, where neither stimulus is held: those that may be asked."""
    rows = Comparison.objects.filter(contrast__study=study).select_related("contrast", "treatment", "control", "item")
    newest = {(row.item_id, row.contrast_id): row for row in rows.order_by("pk")}
    return [row for row in newest.values() if not row.treatment.held_at and not row.control.held_at]


@dataclass(frozen=True)
class AdaptiveSlots:
    """What the plan's adaptive share comes to.

    budget  slots in all, reckoned from the uniform ones
    left    of them, those that are still to be opened; 0 where no comparison could be asked any more
    due     how many of those may open now: 0 until fewer slots are unfilled than a session takes
    """

    budget: int = 0
    left: int = 0
    due: int = 0


def adaptive_slots(study: Study, *, rehearsal: bool = False) -> AdaptiveSlots:
    if not Plan.objects.filter(study=study, adaptive_share__gt=0).exists():
        return AdaptiveSlots()
    share = plan_in_force(study).adaptive_share
    dealt = slots_of(study, rehearsal=rehearsal).filter(replaces__isnull=True)
    opened = dealt.filter(adaptive=True).count()
    budget = adaptive_budget(dealt.filter(adaptive=False).count(), share)
    left = max(0, budget - opened)
    if not left or not shown_comparisons(study):
        return AdaptiveSlots(budget)
    trials = study.trials_per_session
    is_due = unfilled_slots(study, rehearsal=rehearsal).count() < trials
    return AdaptiveSlots(budget, left, min(left, batch_size(budget, trials_per_session=trials)) if is_due else 0)


def current_wave(study: Study, *, rehearsal: bool = False) -> int | None:
    """The lowest wave of items that is not full: some slot of it is neither answered nor closed. None: all are."""
    unfilled = unfilled_slots(study, rehearsal=rehearsal)
    return unfilled.aggregate(lowest=Min("comparison__item__wave"))["lowest"]


def slots_to_deal(study: Study, *, rehearsal: bool = False) -> QuerySet[Slot]:
    """Free slots of the current wave: the only ones that are given out."""
    wave = current_wave(study, rehearsal=rehearsal)
    return free_slots(study, rehearsal=rehearsal).filter(comparison__item__wave=-1 if wave is None else wave)


def live_leases(study: Study, *, rehearsal: bool = False) -> QuerySet[Assignment]:
    """Main trials that are promised to someone and not answered yet."""
    return Assignment.objects.filter(
        session__study=study,
        session__rehearsal=rehearsal,
        kind=TrialKind.MAIN,
        state=AssignmentState.LIVE,
    )


def lapsed_leases(study: Study, *, at: datetime, rehearsal: bool = False) -> QuerySet[Assignment]:
    """Live trials of sessions that have been silent for longer than the lease.

    A rehearsal has its own clock, hours ahead, so it never ends the leases of evaluators, nor they its own.
    """
    silent_since = at - timedelta(minutes=study.lease_minutes)
    return Assignment.objects.filter(
        session__study=study,
        session__rehearsal=rehearsal,
        session__last_active_at__lt=silent_since,
        state=AssignmentState.LIVE,
    )


def held_slots(study: Study, *, reason: str) -> QuerySet[Slot]:
    """Slots that were closed for this reason."""
    return Slot.objects.filter(comparison__contrast__study=study, closed_reason=reason)


def waits_for_repair(study: Study, *, reason: str) -> bool:
    """Whether votes are wanted that wait for a video: not those on somebody who was taken down."""
    shown = [f"comparison__{part}__person" for part in ("treatment__clip", "control__clip", "item__speaker")]
    gone = [Q(**{f"{person}__taken_down_at__isnull": False}) for person in shown]
    return held_slots(study, reason=reason).exclude(gone[0] | gone[1] | gone[2]).exists()


def current_assignment(session: Session) -> Assignment | None:
    """The trial that the session is at: its first live one."""
    return session.assignments.filter(state=AssignmentState.LIVE).order_by("position").first()


def worked_trials(session: Session) -> QuerySet[Assignment]:
    """What it answered beyond practice, late answers among it."""
    return _beyond_practice(session).filter(state__in=DONE)


def has_worked(session: Session) -> bool:
    """Whether it answered or skipped anything beyond practice: who has is paid, as skipping costs nothing."""
    skipped = Q(state=AssignmentState.RETURNED, failure_reason=SKIPPED)
    return _beyond_practice(session).filter(Q(state__in=DONE) | skipped).exists()


def _beyond_practice(session: Session) -> QuerySet[Assignment]:
    return session.assignments.exclude(kind=TrialKind.PRACTICE)


def timeline_s(item: Item) -> float:
    """How long the item plays, in seconds: as prepared, else as long as its speaker's clip."""
    rendition = Rendition.objects.filter(item=item, clip=item.speaker_id).first()
    return rendition.length_s if rendition else item.speaker.length_s


def speakers_have_sound(study: Study) -> bool:
    """Whether any speaker's video, as prepared, is heard."""
    return Rendition.objects.filter(item__study=study, clip=F("item__speaker"), has_audio=True).exists()


def unprepared_stimuli(study: Study) -> QuerySet[Stimulus]:
    speakers = Rendition.objects.filter(item=OuterRef("item"), clip=OuterRef("item__speaker"))
    return Stimulus.objects.filter(study=study).filter(Q(rendition__isnull=True) | ~Exists(speakers))


def replaced_stimuli(study: Study) -> QuerySet[Stimulus]:
    """Those in whose place a newer version is shown."""
    newer = Stimulus.objects.filter(
        study=study, item=OuterRef("item"), condition=OuterRef("condition"), version__gt=OuterRef("version")
    )
    return Stimulus.objects.filter(Exists(newer), study=study)


def replaced_comparisons(study: Study) -> set[int]:
    """Comparisons that are asked no more, because one of their stimuli was replaced."""
    old = replaced_stimuli(study)
    rows = Comparison.objects.filter(Q(treatment__in=old) | Q(control__in=old))
    return set(rows.values_list("pk", flat=True))


@dataclass(frozen=True)
class ComparisonProgress:
    """How full one comparison is: wanted, answered, promised, and how many votes are still missing.

    is_replaced  nothing is wanted on it any more: its votes are set aside, and wanted anew on what took its place
    """

    comparison: Comparison
    target: int
    valid: int
    live: int
    is_replaced: bool = False

    @property
    def short_by(self) -> int:
        return self.target - self.valid


@dataclass(frozen=True)
class StudyProgress:
    """The monitor's figures.

    unopened         votes of the plan's adaptive share that are on no comparison yet
    closed           votes that are wanted no more, because their slots were closed with a reason
    sessions_needed  the least number of further sessions for the slots that are free and those unopened
    withdrawn        sessions of which nothing is left, because their evaluators withdrew
    """

    comparisons: list[ComparisonProgress]
    target: int
    valid: int
    live: int
    unopened: int
    closed: int
    sessions_needed: int
    withdrawn: int

    @property
    def short_by(self) -> int:
        return self.target - self.valid


def study_progress(study: Study, *, rehearsal: bool = False) -> StudyProgress:
    """Target, valid, live and short by, for each comparison and in all. As many queries whatever the size.

    A vote that a rule of the plan sets aside and nobody can give again, as its stimulus is held, is wanted no more.
    """
    targets = _per_comparison(
        slots_of(study, rehearsal=rehearsal).filter(replaces__isnull=True, closed_at__isnull=True), "comparison"
    )
    valid = _per_comparison(valid_assignments(study, rehearsal=rehearsal), "slot__comparison")
    live = _per_comparison(live_leases(study, rehearsal=rehearsal), "slot__comparison")
    comparisons = Comparison.objects.filter(contrast__study=study).select_related(
        "contrast", "item__speaker"
    ).order_by("contrast__position", "item__position")
    replaced = set() if rehearsal else replaced_comparisons(study)
    lost = _per_comparison(_lost_assignments(study, rehearsal=rehearsal), "slot__comparison")
    rows = [
        ComparisonProgress(c, 0, 0, 0, is_replaced=True)
        if c.pk in replaced
        else ComparisonProgress(
            c, targets.get(c.pk, 0) - lost.get(c.pk, 0), valid.get(c.pk, 0) - lost.get(c.pk, 0), live.get(c.pk, 0)
        )
        for c in comparisons
    ]
    closed = slots_of(study, rehearsal=rehearsal).filter(replaces__isnull=True, closed_at__isnull=False)
    free_per_item = _per_comparison(free_slots(study, rehearsal=rehearsal), "comparison__item")
    unopened = adaptive_slots(study, rehearsal=rehearsal).left
    free = sum(free_per_item.values()) + unopened
    return StudyProgress(
        comparisons=rows,
        target=sum(row.target for row in rows) + unopened,
        valid=sum(row.valid for row in rows),
        live=sum(row.live for row in rows),
        unopened=unopened,
        closed=closed.exclude(comparison__in=replaced).count() + sum(lost.values()),
        sessions_needed=max(max(free_per_item.values(), default=0), -(-free // study.trials_per_session)),
        withdrawn=Withdrawal.objects.filter(study=study, rehearsal=rehearsal).count(),
    )


def _lost_assignments(study: Study, *, rehearsal: bool) -> QuerySet[Assignment]:
    """Answers that a rule of the plan sets aside, and on whose comparison nothing is asked any more."""
    by_rule = active_exclusions(study).filter(replaces_votes=True)
    set_aside = Q(Exists(by_rule.filter(assignment=OuterRef("pk")))) | Q(
        Exists(by_rule.filter(session=OuterRef("session")))
    )
    held = Q(slot__comparison__treatment__held_at__isnull=False) | Q(slot__comparison__control__held_at__isnull=False)
    return valid_assignments(study, rehearsal=rehearsal).filter(set_aside, held)


def _per_comparison(rows: QuerySet, path: str) -> dict[int, int]:
    counted = rows.order_by().values_list(path).annotate(n=Count("pk"))
    return dict(counted)


def practice_items(study: Study) -> QuerySet[Item]:
    return _showable(Item.objects.filter(study=study, kind=ItemKind.PRACTICE))


def check_items(study: Study) -> QuerySet[Item]:
    """Catch and attention items: shown among the trials, told apart by nothing an evaluator sees."""
    return _showable(Item.objects.filter(study=study, kind__in=[ItemKind.CATCH, ItemKind.ATTENTION]))


def _showable(items: QuerySet[Item]) -> QuerySet[Item]:
    """Without those that show someone who was taken down, in their order."""
    gone = Stimulus.objects.filter(item=OuterRef("pk"), clip__person__taken_down_at__isnull=False)
    return items.filter(~Exists(gone), speaker__person__taken_down_at__isnull=True).order_by("position")


def stimuli_by_item(study: Study) -> dict[int, list[Stimulus]]:
    """The newest version of each condition's stimulus, by item, in order of condition."""
    newest: dict[int, dict[str, Stimulus]] = defaultdict(dict)
    for stimulus in Stimulus.objects.filter(study=study).order_by("item", "condition", "version"):
        newest[stimulus.item_id][stimulus.condition] = stimulus
    return {item: list(conditions.values()) for item, conditions in newest.items()}
