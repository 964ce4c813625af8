"""Prepare a study: make the files that its evaluators will be shown, or say of each why it cannot be."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from retrieval.models import Clip
from studies.models import Item, Rendition, ShortListeners, Stimulus, Study, StudyState
from studies.pictures import FPS
from studies.renditions import ClipUnusable, ItemPlan, ListenerTooShort, MadeRendition, Source, make_item, plan_item

from .locks import locked_study

RENDITIONS = Path("renditions")
Progress = Callable[[int, int], None]


class BeingPrepared(ValueError):
    """Another process prepares this study now; its message says so."""


class CannotShow(Exception):
    """Clips of one item that cannot be shown; `reasons` by clip key, each going on from "clip 'x'"."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__("; ".join(f"clip '{key}' {reason}" for key, reason in self.reasons.items()))


@dataclass(frozen=True)
class Preparation:
    """What preparing did: items made anew, items that were ready, and a sentence for each that cannot be shown."""

    made: int
    kept: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        done = f"{self.made} items prepared, {self.kept} ready before"
        return "; ".join([done, *self.problems]) + "."


def prepare_study(study_id: int, *, at: datetime, progress: Progress | None = None) -> Preparation:
    """Make every rendition of a study that is not there yet.

    progress  called with (items done, items in all), in this thread
    Repeats   harmlessly, and goes on where it was killed: an item's files and rows appear together or not at all
    Stores    what is wrong as the problem of the stimulus, or of the item where it is the speaker's
    Raises    BeingPrepared; Study.DoesNotExist
    """
    report = progress or (lambda done, total: None)
    study = Study.objects.get(pk=study_id)
    made = kept = 0
    problems: list[str] = []
    with alone(study) as folder:
        items = list(study.items.select_related("speaker__person").prefetch_related("stimuli__clip__person"))
        total = len(items)
        waiting: dict[Future[dict[str, MadeRendition]], tuple[Item, ItemPlan]] = {}
        # Decoding and encoding leave the interpreter's lock; only this thread touches the database.
        pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
        try:
            for item in items:
                try:
                    plan = _plan(study, item)
                except CannotShow as reason:
                    problems += _store_problem(study, item, reason)
                    continue
                if plan is None or _is_ready(study, item, plan):
                    kept += 1
                    continue
                work = Path(tempfile.mkdtemp(dir=folder))
                waiting[pool.submit(_make, plan, work)] = (item, plan)
            report(total - len(waiting), total)
            for done, future in enumerate(as_completed(waiting), start=total - len(waiting) + 1):
                item, plan = waiting[future]
                try:
                    _store(study, item, plan, future.result(), at=at)
                    made += 1
                except CannotShow as reason:
                    problems += _store_problem(study, item, reason)
                report(done, total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return Preparation(made=made, kept=kept, problems=tuple(problems))


def _plan(study: Study, item: Item) -> ItemPlan | None:
    """How to make an item's files; None for an item without listeners. Raises CannotShow."""
    clips = {stimulus.clip.key: stimulus.clip for stimulus in item.stimuli.all() if not stimulus.held_at}
    if not clips:
        return None
    shown = [item.speaker, *clips.values()]
    reasons = {clip.key: why for clip in shown if (why := _missing(clip) or taken_down(clip))}
    if reasons:
        raise CannotShow(reasons)
    try:
        return plan_item(
            source_of(item.speaker),
            [source_of(clips[key]) for key in sorted(clips)],
            freeze=study.short_listeners == ShortListeners.FREEZE,
            is_marked=study.marks_listeners,
        )
    except ListenerTooShort as short:
        raise CannotShow({key: short.sentence(key) for key in short.lengths_s}) from short


def _missing(clip: Clip) -> str:
    found = (Path(settings.MEDIA_ROOT) / clip.file).is_file()
    return "" if found else "is not in the media folder: import its manifest again"


def taken_down(clip: Clip) -> str:
    gone = clip.person is not None and clip.person.taken_down_at is not None
    return "shows someone whose clips were taken down: choose another" if gone else ""


def source_of(clip: Clip) -> Source:
    return Source(
        key=clip.key,
        path=Path(settings.MEDIA_ROOT) / clip.file,
        sha256=clip.sha256,
        length_s=clip.length_s,
        width=clip.width,
        height=clip.height,
    )


def _is_ready(study: Study, item: Item, plan: ItemPlan) -> bool:
    """Whether all files of an item are there, by the present recipe (in a draft: once shown, files stay)."""
    renditions = {rendition.clip.key: rendition for rendition in item.renditions.select_related("clip")}
    wanted = [plan.speaker, *plan.listeners]
    if not all(source.key in renditions for source in wanted):
        return False
    if any(stimulus.rendition_id is None for stimulus in item.stimuli.all() if not stimulus.held_at):
        return False
    used = [renditions[source.key] for source in wanted]
    if study.state == StudyState.DRAFT and any(rendition.recipe != plan.recipe for rendition in used):
        return False
    return all(has_file(rendition) for rendition in used)


def has_file(rendition: Rendition) -> bool:
    try:
        return (Path(settings.MEDIA_ROOT) / rendition.file).stat().st_size == rendition.size_bytes
    except OSError:
        return False


def _make(plan: ItemPlan, work: Path) -> dict[str, MadeRendition]:
    try:
        return make_item(plan, work)
    except ClipUnusable as problem:
        raise CannotShow({problem.key: problem.reason}) from problem


def _store(study: Study, item: Item, plan: ItemPlan, made: Mapping[str, MadeRendition], *, at: datetime) -> None:
    """Move an item's files to their places and write all its rows, in one transaction.

    Raises  CannotShow, with no file moved, for somebody who was taken down while the files were made
    """
    media = Path(settings.MEDIA_ROOT)
    clips = {stimulus.clip.key: stimulus.clip for stimulus in item.stimuli.all()} | {item.speaker.key: item.speaker}
    with locked_study(study.pk):
        _refuse_taken_down(clips[key] for key in made)
        files = {}
        for key, rendition in made.items():
            files[key] = opaque_name(item, clips[key], rendition)
            target = media / files[key]
            target.parent.mkdir(parents=True, exist_ok=True)
            rendition.path.replace(target)
        before = {rendition.file for rendition in Rendition.objects.filter(item=item)}
        rows = {
            key: Rendition.objects.update_or_create(
                item=item,
                clip=clips[key],
                defaults={
                    "file": files[key],
                    "sha256": rendition.sha256,
                    "recipe": plan.recipe,
                    "size_bytes": rendition.size_bytes,
                    "length_s": rendition.frames / FPS,
                    "frames": rendition.frames,
                    "fps": FPS,
                    "width": rendition.width,
                    "height": rendition.height,
                    "has_audio": rendition.has_audio,
                    "made_at": at,
                },
            )[0]
            for key, rendition in made.items()
        }
        for stimulus in Stimulus.objects.filter(item=item, held_at__isnull=True).select_related("clip"):
            stimulus.rendition = rows[stimulus.clip.key]
            stimulus.problem = ""
            stimulus.save(update_fields=["rendition", "problem"])
        Item.objects.filter(pk=item.pk).update(problem="")
        after = set(Rendition.objects.filter(item=item).values_list("file", flat=True))
    for file in before - after:
        (media / file).unlink(missing_ok=True)


def _refuse_taken_down(clips: Iterable[Clip]) -> None:
    now = Clip.objects.filter(pk__in=[clip.pk for clip in clips]).select_related("person")
    if reasons := {clip.key: why for clip in now if (why := taken_down(clip))}:
        raise CannotShow(reasons)


def opaque_name(item: Item, clip: Clip, rendition: MadeRendition) -> str:
    """Where a rendition lies: a name by content, told apart from the same content beside another item."""
    name = hashlib.sha256(f"{item.pk} {clip.pk} {rendition.sha256}".encode()).hexdigest()[:40]
    return str(RENDITIONS / name[:2] / f"{name}.mp4")


def _store_problem(study: Study, item: Item, reason: CannotShow) -> list[str]:
    """Write down why an item cannot be shown; the same as sentences that name item, clip and condition."""
    speaker = item.speaker.key
    conditions: dict[str, list[str]] = {key: [] for key in reason.reasons}
    waits = f"waits for {', '.join(repr(key) for key in reason.reasons)}, which cannot be shown beside it"
    with locked_study(study.pk):
        about_speaker = reason.reasons.get(speaker)
        Item.objects.filter(pk=item.pk).update(problem=f"its clip {about_speaker}" if about_speaker else "")
        for stimulus in Stimulus.objects.filter(item=item).select_related("clip"):
            stimulus.problem = reason.reasons.get(stimulus.clip.key, waits)
            if study.state == StudyState.DRAFT:
                stimulus.rendition = None
            stimulus.save(update_fields=["problem", "rendition"])
            conditions.get(stimulus.clip.key, []).append(stimulus.condition)
    return [
        f"item '{speaker}': clip '{key}' ({', '.join(conditions[key]) or 'the speaker'}) {why}"
        for key, why in reason.reasons.items()
    ]


@contextmanager
def alone(study: Study) -> Iterator[Path]:
    """A folder for work in progress that this process has alone; what a killed run left there is removed.

    Raises  BeingPrepared
    """
    folder = Path(settings.MEDIA_ROOT) / RENDITIONS / f".work-{study.pk}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            # Given up by the system when a process dies, however it dies.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BeingPrepared(f"Study '{study.key}' is being prepared already: wait until that is done.") from None
        _clear(folder)
        try:
            yield folder
        finally:
            _clear(folder)


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
