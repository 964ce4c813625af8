"""What people declared of themselves, beside the votes on them and by them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

from retrieval.exposure import group_of
from retrieval.models import Clip, Person
from studies.models import Question, Study

from .groups import NOT_DECLARED, GroupTable, group_table
from .records import headline_votes

CHUNK = 2000
MOST_ATTRIBUTES = 20


class _Vote(NamedTuple):
    """One vote with who is behind it; clips by primary key."""

    contrast: str
    preferred: float
    speaker: int
    treatment: int
    control: int
    evaluator: str
    platform: str


def group_tables(study: Study, question: Question, *, rehearsal: bool) -> tuple[GroupTable, ...]:
    """Preference by evaluators' platform, by speakers' and by listeners' declared attributes.

    A table for each comparison group and attribute that somebody declared; of listeners one table for all comparison
    groups: how often a listener of this group was chosen, of the votes where the other listener was of another.
    Returns  by kind, attribute and comparison group; at most 20 attributes, by name
    """
    if not _anything_declared(study, rehearsal=rehearsal):  # a million votes need not be read for nothing
        return ()
    votes = list(_votes(study, question, rehearsal=rehearsal))
    clips = {vote.speaker for vote in votes} | {clip for vote in votes for clip in (vote.treatment, vote.control)}
    people = _people(clips)
    by_contrast: dict[str, list[_Vote]] = {str(contrast): [] for contrast in study.contrasts.all()}
    for vote in votes:
        by_contrast[vote.contrast].append(vote)
    tables = []
    if len({vote.platform for vote in votes}) > 1:
        tables += [_by_platform(key, its) for key, its in by_contrast.items()]
    for attribute in _declared(people, {vote.speaker for vote in votes}):
        tables += [_by_speaker(attribute, key, its, people) for key, its in by_contrast.items()]
    shown = {clip for vote in votes for clip in (vote.treatment, vote.control)}
    tables += [_by_listener(attribute, votes, people) for attribute in _declared(people, shown)]
    return tuple(table for table in tables if table.rows)


def _votes(study: Study, question: Question, *, rehearsal: bool) -> Iterable[_Vote]:
    fields = headline_votes(study, question, rehearsal=rehearsal).values_list(
        "assignment__slot__comparison__contrast__treatment",
        "assignment__slot__comparison__contrast__control",
        "choice",
        "assignment__slot__treatment_side",
        "assignment__item__speaker_id",
        "assignment__slot__comparison__treatment__clip_id",
        "assignment__slot__comparison__control__clip_id",
        "assignment__session__pseudonym",
        "assignment__session__evaluator__platform",
    )
    for treatment, control, choice, side, *rest in fields.order_by("pk").iterator(CHUNK):
        yield _Vote(f"{treatment}:{control}", 0.5 if choice == "tie" else float(choice == side), *rest)


def _anything_declared(study: Study, *, rehearsal: bool) -> bool:
    """Whether anybody who is seen declared anything, or evaluators came from several platforms."""
    seen = Q(clips__in=study.stimuli.values("clip")) | Q(clips__in=study.items.values("speaker"))
    platforms = study.sessions.filter(rehearsal=rehearsal).values("evaluator__platform").distinct()
    return Person.objects.filter(seen).exclude(attributes={}).exists() or platforms.count() > 1


class _Person(NamedTuple):
    key: str
    attributes: dict[str, object]


def _people(clips: set[int]) -> dict[int, _Person]:
    """Who is seen in each clip; a clip of nobody known is a person of its own who declared nothing."""
    found = {}
    for clip in Clip.objects.filter(pk__in=clips).select_related("person"):
        known = clip.person
        found[clip.pk] = _Person(known.key, known.attributes) if known else _Person(f"clip {clip.key}", {})
    return found


def _declared(people: dict[int, _Person], clips: set[int]) -> list[str]:
    return sorted({name for clip in clips for name in people[clip].attributes})[:MOST_ATTRIBUTES]


def _group(person: _Person, attribute: str) -> str:
    return group_of(person.attributes, attribute) or NOT_DECLARED


def _by_platform(contrast: str, votes: list[_Vote]) -> GroupTable:
    return group_table(
        "evaluator", "platform", contrast=contrast, groups=[v.platform for v in votes],
        people=[v.evaluator for v in votes], **_shared(votes),
    )  # fmt: skip


def _by_speaker(attribute: str, contrast: str, votes: list[_Vote], people: dict[int, _Person]) -> GroupTable:
    return group_table(
        "speaker", attribute, contrast=contrast, groups=[_group(people[v.speaker], attribute) for v in votes],
        people=[people[v.speaker].key for v in votes], **_shared(votes),
    )  # fmt: skip


def _by_listener(attribute: str, votes: list[_Vote], people: dict[int, _Person]) -> GroupTable:
    columns: dict[str, list] = defaultdict(list)
    for vote in votes:
        treatment, control = people[vote.treatment], people[vote.control]
        if _group(treatment, attribute) == _group(control, attribute):
            continue
        for person, chosen in ((treatment, vote.preferred), (control, 1 - vote.preferred)):
            columns["preferred"].append(chosen)
            columns["groups"].append(_group(person, attribute))
            columns["people"].append(person.key)
            columns["speakers"].append(vote.speaker)
            columns["evaluators"].append(vote.evaluator)
    return group_table("listener", attribute, contrast=None, **{name: columns[name] for name in _COLUMNS})


_COLUMNS = ("preferred", "groups", "people", "speakers", "evaluators")


def _shared(votes: list[_Vote]) -> dict[str, list]:
    return {
        "preferred": [v.preferred for v in votes],
        "speakers": [v.speaker for v in votes],
        "evaluators": [v.evaluator for v in votes],
    }
