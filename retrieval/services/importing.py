"""From a folder of videos and its manifest to the clips of a corpus: all of them, or none and every reason."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from retrieval.manifests import ClipRow, ManifestError, scan_clip_manifest
from retrieval.models import Clip, Corpus, Person, Role
from retrieval.tables import Problem, in_order, key_problem
from retrieval.video import VideoFacts, VideoProblem, probe

CHUNK_BYTES = 1024 * 1024
CLIPS = Path("clips")
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ImportedClips:
    """What an import did: the corpus, how many clips are new, and how many it had already, unchanged."""

    corpus: Corpus
    new: int
    kept: int


@dataclass(frozen=True)
class _Video:
    """A readable video: hash of its content, and what it is."""

    sha256: str
    facts: VideoFacts


def import_clips(
    corpus_key: str,
    manifest_path: Path | str,
    *,
    licence: str,
    consent: str,
    at: datetime,
    permitted_uses: str | None = None,
    title: str | None = None,
    on_progress: Progress | None = None,
) -> ImportedClips:
    """Copy the videos that a manifest lists into the media folder and add them to a corpus, made if need be.

    licence, consent  of the corpus; never empty, and the same at every import into it
    permitted_uses    of the corpus, as `retrieval.permissions` has them; None: as they are, and for a new one no limit
    on_progress       called with (videos examined, videos in all), in this thread
    Raises   ManifestError with every problem of the manifest and of its videos; then nothing has changed
    Repeats  harmlessly: a clip that is there with the same content and description is kept as it is, any other
             difference is a problem, because clips never change
    """
    corpus = Corpus.objects.filter(key=corpus_key).first()
    problems = _corpus_problems(corpus, corpus_key, licence=licence, consent=consent, uses=permitted_uses)
    there = {clip.key: clip for clip in _clips_of(corpus)}
    try:
        rows, wrong = scan_clip_manifest(manifest_path, known={key: clip.role for key, clip in there.items()})
    except ManifestError as error:
        raise ManifestError([*in_order(problems), *error.problems]) from error
    videos, unreadable = _examine({row.path for row in rows if row.path.is_file()}, on_progress)
    problems += wrong
    problems += [
        (row.line, f"file '{row.path.name}': {unreadable[row.path]}") for row in rows if row.path in unreadable
    ]
    problems += _changes(rows, videos, there)
    problems += _person_changes(rows, corpus)
    problems += _taken_down(rows, videos, corpus)
    if problems:
        raise ManifestError(in_order(problems))
    new = [row for row in rows if row.clip_key not in there]
    # Also of clips that are there: a file lost from the media folder comes back by importing it again.
    files = {row.clip_key: _keep_video(row.path, videos[row.path].sha256) for row in rows}
    try:
        with transaction.atomic():
            corpus = _save_corpus(
                corpus_key, licence=licence, consent=consent, uses=permitted_uses or "", title=title, at=at
            )
            _save_clips(corpus, new, videos, files, at=at)
    except IntegrityError as error:
        raise ManifestError(["another import into this corpus ran at the same time: import again"]) from error
    return ImportedClips(corpus=corpus, new=len(new), kept=len(rows) - len(new))


def _corpus_problems(
    corpus: Corpus | None, key: str, *, licence: str, consent: str, uses: str | None
) -> list[Problem]:
    problems = []
    wrong_key = key_problem("corpus key", key)
    if wrong_key:
        problems.append((0, wrong_key))
    for name, given, kept in (
        ("licence", licence, corpus and corpus.licence),
        ("consent statement", consent, corpus and corpus.consent_statement),
    ):
        if not given.strip():
            problems.append((0, f"the {name} is empty: say under which terms these videos may be used"))
        elif corpus and given.strip() != kept:
            problems.append((0, f"corpus '{key}' has the {name} {kept!r}: give the same, or another corpus key"))
    if corpus and uses is not None and uses.strip() != corpus.permitted_uses:
        kept = corpus.permitted_uses
        problems.append((0, f"corpus '{key}' has the permitted uses {kept!r}: give the same, or another corpus key"))
    return problems


def _clips_of(corpus: Corpus | None) -> Iterable[Clip]:
    return corpus.clips.select_related("person", "partner") if corpus else ()


def _examine(paths: set[Path], on_progress: Progress | None) -> tuple[dict[Path, _Video], dict[Path, str]]:
    """Hash and decode every video once; those that cannot serve, with the reason."""
    videos: dict[Path, _Video] = {}
    unreadable: dict[Path, str] = {}
    # Decoding leaves the interpreter's lock, so threads use every core; a worker's process may not fork another.
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        ordered = sorted(paths)
        for done, (path, found) in enumerate(zip(ordered, pool.map(_look_at, ordered), strict=True), start=1):
            if isinstance(found, str):
                unreadable[path] = found
            else:
                videos[path] = found
            if on_progress:
                on_progress(done, len(ordered))
    return videos, unreadable


def _look_at(path: Path) -> _Video | str:
    try:
        facts = probe(path)
        with path.open("rb") as file:
            return _Video(sha256=hashlib.file_digest(file, "sha256").hexdigest(), facts=facts)
    except VideoProblem as problem:
        return str(problem)
    except OSError as error:
        return f"cannot be read ({error.strerror}): check the disk and its permissions"


def _changes(rows: list[ClipRow], videos: Mapping[Path, _Video], there: Mapping[str, Clip]) -> list[Problem]:
    """Rows whose key the corpus has with other content or another description."""
    problems = []
    for row in rows:
        clip = there.get(row.clip_key)
        video = videos.get(row.path)
        if clip is None or video is None:
            continue
        remedy = "clips never change, so give the new one a key of its own"
        if clip.sha256 != video.sha256:
            problems.append((row.line, f"clip '{clip.key}' is in the corpus with another video: {remedy}"))
            continue
        before = {
            "role": clip.role,
            "person_key": clip.person.key if clip.person else "",
            "partner_key": clip.partner.key if clip.partner else "",
            "transcript": clip.transcript,
            "split": clip.split,
            "licence": clip.licence,
        }
        other = [column for column, value in before.items() if getattr(row, column) != value]
        if other:
            named = ", ".join(other)
            problems.append((row.line, f"clip '{clip.key}' is in the corpus with another {named}: {remedy}"))
    return problems


def _person_changes(rows: list[ClipRow], corpus: Corpus | None) -> list[Problem]:
    there = {person.key: person for person in corpus.people.all()} if corpus else {}
    problems = []
    for row in rows:
        person = there.get(row.person_key)
        if person is None:
            continue
        other = [name for name, text in row.attributes.items() if person.attributes.get(name, text) != text]
        if row.permitted_uses and person.permitted_uses not in ("", row.permitted_uses):
            other.append("permitted_uses")
        if other:
            named = ", ".join(other)
            problems.append((row.line, f"person '{person.key}' is in the corpus with another {named}: make them alike"))
    return problems


def _taken_down(rows: list[ClipRow], videos: Mapping[Path, _Video], corpus: Corpus | None) -> list[Problem]:
    """Rows of somebody who was taken down, by their key or, whatever the row says, by a video that showed them."""
    gone = Person.objects.filter(taken_down_at__isnull=False)
    keys = set(gone.filter(corpus=corpus).values_list("key", flat=True)) if corpus else set()
    shown = set(Clip.objects.filter(person__in=gone).values_list("sha256", flat=True))
    problems = []
    for row in rows:
        video = videos.get(row.path)
        if row.person_key in keys:
            problems.append((row.line, f"person '{row.person_key}' was taken down: leave their clips out"))
        elif video and video.sha256 in shown:
            problems.append((row.line, f"file '{row.path.name}' shows somebody who was taken down: leave it out"))
    return problems


def _keep_video(source: Path, sha256: str) -> str:
    """Copy a video to where its content says, if it is not there; its path relative to the media folder."""
    suffix = source.suffix.lower()
    kept = CLIPS / sha256[:2] / f"{sha256}{suffix if SUFFIX.fullmatch(suffix) else '.bin'}"
    target = Path(settings.MEDIA_ROOT) / kept
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return str(kept)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".copying-", delete=False) as copy:
        try:
            with source.open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
            if digest.hexdigest() != sha256:
                raise ManifestError([f"file '{source.name}' changed while it was imported: import again"])
            Path(copy.name).chmod(0o644)
            Path(copy.name).replace(target)
        except BaseException:
            Path(copy.name).unlink(missing_ok=True)
            raise
    return str(kept)


def _save_corpus(key: str, *, licence: str, consent: str, uses: str, title: str | None, at: datetime) -> Corpus:
    corpus, _ = Corpus.objects.get_or_create(
        key=key,
        defaults={
            "title": title or key,
            "licence": licence.strip(),
            "consent_statement": consent.strip(),
            "permitted_uses": uses.strip(),
            "created_at": at,
        },
    )
    if title and corpus.title != title:
        corpus.title = title
        corpus.save(update_fields=["title"])
    return corpus


def _save_clips(
    corpus: Corpus, rows: list[ClipRow], videos: Mapping[Path, _Video], files: Mapping[str, str], *, at: datetime
) -> None:
    people = _save_people(corpus, rows)
    listeners = {clip.key: clip for clip in corpus.clips.filter(role=Role.LISTENER)}
    # Listeners first: a speaker's partner must be there.
    for row in sorted(rows, key=lambda row: row.role != Role.LISTENER):
        video = videos[row.path]
        clip = Clip.objects.create(
            corpus=corpus,
            key=row.clip_key,
            person=people.get(row.person_key),
            role=row.role,
            partner=listeners[row.partner_key] if row.partner_key else None,
            transcript=row.transcript,
            split=row.split,
            licence=row.licence,
            file=files[row.clip_key],
            sha256=video.sha256,
            length_s=video.facts.length_s,
            fps=video.facts.fps,
            width=video.facts.width,
            height=video.facts.height,
            has_audio=video.facts.has_audio,
            imported_at=at,
        )
        if clip.role == Role.LISTENER:
            listeners[clip.key] = clip


def _save_people(corpus: Corpus, rows: list[ClipRow]) -> dict[str, Person]:
    """The people of the rows, by key; what a row declares is added to what is known, never put in its place."""
    people = {person.key: person for person in corpus.people.all()}
    for row in rows:
        if not row.person_key:
            continue
        person = people.get(row.person_key) or Person(corpus=corpus, key=row.person_key, attributes={})
        person.attributes = {**row.attributes, **person.attributes}
        person.permitted_uses = person.permitted_uses or row.permitted_uses
        people[person.key] = person
    for key in {row.person_key for row in rows if row.person_key}:
        people[key].save()
    return people
