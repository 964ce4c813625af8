"""A further listener for an item that is being voted on: its clip in the corpus, and its file beside its rivals'."""

import csv
import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from retrieval.models import Clip, Corpus, Role
from retrieval.permissions import STUDIES
from retrieval.queries import may_be_used
from retrieval.services.importing import import_clips
from retrieval.tables import ManifestError
from retrieval.video import VideoProblem, probe
from studies.fitting import TooManyBytes, make_further, plan_further
from studies.models import Comparison, Rendition, ShortListeners, Stimulus
from studies.pictures import FPS
from studies.renditions import MadeRendition, Source, frames_of

from .planning import PlanRefused
from .preparing import alone, has_file, opaque_name, source_of, taken_down


class CannotReplace(PlanRefused):
    """The stimulus stays; `problems` are sentences."""

    def __init__(self, *problems: str):
        super().__init__(list(problems))


@dataclass(frozen=True)
class FurtherListener:
    """A new listener's clip and its file, in its place; nothing in the study names it yet.

    crf  the quality that it was encoded with, as `studies.fitting` has it
    """

    clip: Clip
    file: str
    made: MadeRendition
    crf: str
    recipe: str


def prepare_listener(old: Stimulus, video: Path, *, person: str, at: datetime) -> FurtherListener:
    """Make the file that is to be shown in the place of `old`. Raises CannotReplace, BeingPrepared."""
    study, item = old.study, old.item
    try:
        facts = probe(video)
        with video.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    except (VideoProblem, OSError) as problem:
        raise CannotReplace(f"The video cannot be shown: {problem}.") from problem
    new = Source("the new video", video, sha256, facts.length_s, facts.width, facts.height)
    _require_other_content(old, sha256)
    _require_other_person(old, person)
    rivals = _listeners_shown(old)
    sizes = {rival.size_bytes for rival in rivals}
    if len(sizes) != 1 or not all(has_file(rival) for rival in rivals):
        raise CannotReplace(
            f"The files of item '{item}' are not whole: open_study makes what is lost; then pause it again."
        )
    clips = [row.clip for row in item.renditions.select_related("clip") if row.clip_id != item.speaker_id]
    plan = plan_further(
        source_of(item.speaker),
        [source_of(clip) for clip in clips],
        frames=rivals[0].frames,
        canvas=(rivals[0].width, rivals[0].height),
        freeze=study.short_listeners == ShortListeners.FREEZE,
        is_marked=study.marks_listeners,
    )
    if frames_of(new.length_s) < plan.moving:
        raise CannotReplace(
            f"The video lasts {new.length_s:.2f} s, and this item's listeners move for {plan.moving / FPS:.2f} s: "
            "bring a longer one."
        )
    with alone(study) as folder:
        work = Path(tempfile.mkdtemp(dir=folder))
        try:
            made, crf = make_further(plan, new, work / "0.mp4", length=sizes.pop())
        except (TooManyBytes, VideoProblem) as problem:
            raise CannotReplace(f"The video {problem}.") from problem
        clip = _listener(study.corpus, video, sha256, person=person, at=at)
        require_fit(old, clip)
        file = opaque_name(item, clip, made)
        target = Path(settings.MEDIA_ROOT) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        made.path.replace(target)
    return FurtherListener(clip=clip, file=file, made=made, crf=crf, recipe=plan.recipe)


def _listeners_shown(old: Stimulus) -> list[Rendition]:
    """The prepared files of the item's other conditions, as they are shown now."""
    rows = Stimulus.objects.filter(item=old.item).exclude(condition=old.condition).order_by("version")
    newest = {row.condition: row.rendition for row in rows.select_related("rendition")}
    return [rendition for rendition in newest.values() if rendition is not None]


def newest_comparisons(old: Stimulus) -> list[Comparison]:
    """Of each comparison group that shows this stimulus, the comparison that is asked now."""
    shown = Q(treatment=old) | Q(control=old)
    rows = Comparison.objects.filter(shown).select_related("treatment__clip", "control__clip", "contrast", "item")
    return list({row.contrast_id: row for row in rows.order_by("pk")}.values())


def _require_other_content(old: Stimulus, sha256: str) -> None:
    item = old.item.speaker.key
    if sha256 == old.clip.sha256:
        raise CannotReplace(f"This is the video that '{old.condition}' of item '{item}' shows already.")
    for row in newest_comparisons(old):
        if sha256 in (row.treatment_sha256, row.control_sha256):
            raise CannotReplace(f"{row.contrast} of item '{item}' would show the same video on both sides.")


def _require_other_person(old: Stimulus, person: str) -> None:
    speaker = old.item.speaker.person
    if person and speaker is not None and speaker.key == person:
        raise CannotReplace(f"'{person}' is the speaker of item '{old.item}': nobody listens to themselves.")


def require_fit(old: Stimulus, clip: Clip) -> None:
    """Raises CannotReplace where this clip cannot stand in the place of `old`."""
    _require_other_content(old, clip.sha256)
    _require_other_person(old, clip.person.key if clip.person else "")
    if gone := taken_down(clip):
        raise CannotReplace(f"The video {gone}.")
    if not may_be_used(clip, STUDIES):
        raise CannotReplace(f"Clip '{clip.key}' may not be shown: whom it shows does not permit '{STUDIES}'.")


def _listener(corpus: Corpus, video: Path, sha256: str, *, person: str, at: datetime) -> Clip:
    """The corpus's listener with this content, imported if need be. Raises CannotReplace."""
    there = corpus.clips.filter(role=Role.LISTENER, sha256=sha256).select_related("person").order_by("pk").first()
    if there is not None:
        known = there.person.key if there.person else "nobody known"
        if person and person != known:
            raise CannotReplace(f"The corpus has this video as clip '{there.key}', of {known}: leave the person out.")
        return there
    key = f"brought-{sha256[:16]}"
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "clips.csv"
        columns = ["clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence"]
        with manifest.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, [key, video.absolute(), Role.LISTENER.value, person, "", "", "", ""]])
        try:
            import_clips(corpus.key, manifest, licence=corpus.licence, consent=corpus.consent_statement, at=at)
        except ManifestError as refusal:
            raise CannotReplace(*refusal.problems) from refusal
    return corpus.clips.select_related("person").get(key=key)
