"""Entry questions as rows: what is asked of whom, and how many trials a declared group may still take."""

from typing import Any

from .adaptive_lists import adaptive_budget
from .entry import EntryAsked, EntryOption, question_problems
from .models import EntryKind, EntryQuestion, ItemKind, Session, Study
from .plans import plan_in_force
from .queries import live_leases, replaced_comparisons, valid_assignments

TO_FILL_IN = "[FILL IN:"


def entry_of(study: Study) -> tuple[EntryAsked, ...]:
    """What is asked before the first trial, in order."""
    return tuple(
        EntryAsked(
            row.kind,
            row.key,
            row.text,
            tuple(EntryOption(one["key"], one["text"], one.get("places")) for one in row.options),
            tuple(row.accepted),
            row.explanation,
        )
        for row in study.entry_questions.order_by("position")
    )


def entry_plan(study: Study) -> dict[str, Any]:
    """What the plan says of it; what a study does without is not named, so that others' plans keep their bytes."""
    asked = [
        {"key": row.key, "kind": row.kind, "text": row.text, "options": row.options, "accepted": row.accepted,
         "explanation": row.explanation}
        for row in study.entry_questions.order_by("position")
    ]  # fmt: skip
    said = {name: getattr(study, name) for name in ("least_age", "content_warning", "support", "debriefing")}
    return {name: value for name, value in {"entry": asked, **said}.items() if value}


def entry_launch_problems(study: Study) -> list[str]:
    """What keeps a draft with these questions from opening: sentences, each with what to do."""
    problems = question_problems(entry_of(study))
    if consents_to_fill_in(study):
        problems.append(f"The consent text still says '{TO_FILL_IN} …]': write in its place what holds for this study.")
    places, groups = group_places(study), study.entry_questions.filter(kind=EntryKind.GROUP)
    if not places or any("places" not in option for row in groups for option in row.options):
        return problems
    needed = sessions_wanted(study)
    if sum(places.values()) < needed:
        problems.append(
            f"The study needs {needed} sessions of {study.trials_per_session} trials, and its groups have "
            f"{sum(places.values())} places: give them more, or leave one without a number."
        )
    return problems


def consents_to_fill_in(study: Study) -> bool:
    """Whether the text in force, in any language, has a mark of docs/consent-template.md left in it."""
    newest = study.consent_versions.order_by("-version").values_list("version", flat=True)[:1]
    return study.consent_versions.filter(version__in=list(newest), text__contains=TO_FILL_IN).exists()


def sessions_wanted(study: Study) -> int:
    """Whole sessions that fill a study as it is planned, adaptive votes among them."""
    items = study.items.filter(kind=ItemKind.MAIN).count()
    votes = items * study.contrasts.count() * study.votes_per_comparison
    return -(-(votes + adaptive_budget(votes, plan_in_force(study).adaptive_share)) // study.trials_per_session)


def questions_due(session: Session) -> list[EntryQuestion]:
    """Those that the session is to answer now: who may take part; after the instructions, what was not understood."""
    asked = list(session.study.entry_questions.order_by("position"))
    before = [row for row in asked if row.kind != EntryKind.COMPREHENSION and not tries_of(session, row)]
    if before or session.instructed_at is None:
        return before
    return [row for row in asked if row.kind == EntryKind.COMPREHENSION and not is_accepted(session, row)]


def tries_of(session: Session, question: EntryQuestion) -> list[str]:
    """The options that the session chose, one a try."""
    return session.entry_answers.get(question.key, [])


def is_accepted(session: Session, question: EntryQuestion) -> bool:
    """Whether the session's last answer is one with which it goes on; False without any."""
    return any(key in question.accepted for key in tries_of(session, question)[-1:])


def group_places(study: Study) -> dict[str, int]:
    """Sessions wanted of each declared group, by the option's key; those wanted in any number are left out."""
    rows = study.entry_questions.filter(kind=EntryKind.GROUP)
    return {one["key"]: one["places"] for row in rows for one in row.options if one.get("places")}


def has_group_places(session: Session) -> bool:
    """Whether the session is of a group of which so many are wanted and no more."""
    return bool(session.group) and session.group in group_places(session.study)


def trials_left_to_group(session: Session) -> int | None:
    """Main trials that the session's group may still be promised; None for any number."""
    if not session.group:
        return None
    return trials_left(session.study, session.group, rehearsal=session.rehearsal)


def trials_left(study: Study, group: str, *, rehearsal: bool = False) -> int | None:
    """As `trials_left_to_group`, by the group's key.

    A group's places are so many sessions' worth of trials: what one who left did not answer goes to others of the
    same group, and what a plan's rule sets aside is given by the group again. So its votes never exceed its quota,
    and come to it exactly. (An exclusion that is undone after its place was taken is the one exception.)
    """
    places = group_places(study).get(group)
    if places is None:
        return None
    return max(0, places * study.trials_per_session - _trials_taken(study, group, rehearsal=rehearsal))


def _trials_taken(study: Study, group: str, *, rehearsal: bool = False) -> int:
    """Main trials of a group that are answered or promised; after an undone exclusion maybe more than it has."""
    answered = valid_assignments(study, rehearsal=rehearsal).filter(slot__closed_at__isnull=True, session__group=group)
    if not rehearsal:
        answered = answered.exclude(slot__comparison__in=replaced_comparisons(study))
    return answered.count() + live_leases(study, rehearsal=rehearsal).filter(session__group=group).count()


def group_progress(study: Study) -> list[tuple[str, int, int]]:
    """(what the group is called, main trials wanted of it, those answered or promised), of groups with places."""
    asked = study.entry_questions.filter(kind=EntryKind.GROUP)
    said = {one["key"]: one["text"] for row in asked for one in row.options}
    wanted = {key: places * study.trials_per_session for key, places in group_places(study).items()}
    return [(said[key], trials, _trials_taken(study, key)) for key, trials in wanted.items()]


def may_group_have_places(session: Session) -> bool:
    """Whether a trial promised to another session of the group may still come free."""
    leases = live_leases(session.study, rehearsal=session.rehearsal)
    return leases.filter(session__group=session.group).exclude(session=session).exists()
