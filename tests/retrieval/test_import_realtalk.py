"""A small RealTalk release goes through the importer whole; and everything that can be wrong with one is a sentence."""

from __future__ import annotations

import csv
import io
import json
import pickle
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from retrieval.annotators.faces import follow_faces
from retrieval.findings import load_arrays
from retrieval.models import Annotation, Clip, Corpus
from retrieval.queries import bank_of, speakers_of, transcript_of
from retrieval.realtalk.layout import ReleaseProblem
from retrieval.realtalk.planning import Choices
from retrieval.safe_pickle import loads_pickle
from retrieval.services.importing_realtalk import CONSENT, import_realtalk
from tests.realtalk_release import WrittenVideo, write_release
from tests.videos import pictures_of, sound_of

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, tzinfo=UTC)
ONE_S = Choices(seconds=1.0)
# Four of the release's seconds in two videos are twelve clips: enough to see, quick to cut.
SMALL = {"faces": False, "seconds": 4.0, "videos": 2}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, list[WrittenVideo]]:
    """Two videos of four seconds: in the second one p1 answers in the middle of p0's turn."""
    folder = tmp_path_factory.mktemp("releases") / "release"
    return folder, write_release(folder, **SMALL)


@pytest.fixture
def copied(written, tmp_path) -> Path:
    """A release of its own to spoil."""
    return Path(shutil.copytree(written[0], tmp_path / "spoilt"))


def problems_of(folder: Path, choices: Choices = ONE_S) -> list[str]:
    with pytest.raises(ReleaseProblem) as caught:
        import_realtalk("rt", folder, choices=choices, at=AT)
    assert not Corpus.objects.exists()
    return caught.value.problems


def media_of(clip: Clip) -> Path:
    return Path(settings.MEDIA_ROOT) / clip.file


def annotation(clip: Clip, kind: str) -> Annotation:
    return clip.annotations.get(kind=kind)


@pytest.mark.data_layer
def test_pairs_of_the_split_become_clips_with_their_people_and_partners(written):
    folder, (train, test) = written
    done = import_realtalk("rt", folder, choices=ONE_S, at=AT, title="RealTalk")
    corpus = Corpus.objects.get()
    assert (corpus.title, corpus.consent_statement) == ("RealTalk", CONSENT)
    assert (done.clips.new, len(done.pairs), done.with_tracks) == (16, 8, 8)
    speaker = corpus.clips.get(key=f"rt-{test.video_id}-000050-000074-p1-speaker")
    assert (speaker.split, speaker.length_s, speaker.fps) == ("test", 1.0, 25.0)
    assert (speaker.width, speaker.height) == (480, 480)
    assert (speaker.has_audio, speaker.partner.has_audio) == (True, False)
    assert speaker.partner.key == f"rt-{test.video_id}-000050-000074-p0-listener"
    assert (speaker.person.key, speaker.partner.person.key) == (f"rt-{test.video_id}-p1", f"rt-{test.video_id}-p0")
    assert corpus.people.count() == 4
    assert [clip.split for clip in speakers_of(corpus, split="all")].count("train") == 4
    assert len(bank_of(corpus)) == 8
    assert {pair.window.video_id for pair in done.pairs if pair.split == "train"} == {train.video_id}


@pytest.mark.data_layer
def test_what_the_release_says_becomes_annotations(written):
    folder, (_, video) = written
    import_realtalk("rt", folder, choices=ONE_S, at=AT)
    speaker = Clip.objects.get(key=f"rt-{video.video_id}-000025-000049-p0-speaker")
    speaking = load_arrays(annotation(speaker, "speaking"))["speaking"]
    np.testing.assert_array_equal(speaking, (video.speaking[25:50] == 0).astype(np.float32))
    assert annotation(speaker, "speaking").summary["source"] == {
        "file": "videos/videos_00.tar",
        "video": video.video_id,
        "first_frame": 25,
        "last_frame": 49,
        "person": "p0",
    }
    with tarfile.open(folder / "emoca.tar.gz") as archive:
        codes = loads_pickle(archive.extractfile(f"{video.video_id}.pkl").read(), name="codes")
    track = load_arrays(annotation(speaker.partner, "tracks"))
    np.testing.assert_array_equal(track["expression"], np.vstack([codes[n]["p1"]["exp"] for n in range(25, 50)]))
    np.testing.assert_array_equal(track["pose"], np.vstack([codes[n]["p1"]["pose"] for n in range(25, 50)]))
    assert transcript_of(speaker) == video.said[0]  # its middle lies in this second


def test_the_listeners_voice_is_measured_and_may_be_too_much(written):
    folder, (_, video) = written
    done = import_realtalk("rt", folder, choices=ONE_S, at=AT)
    heard = {pair.window.clip_key("speaker"): pair for pair in done.pairs if pair.listener_heard}
    answered = [key for key in heard if video.video_id in key]
    assert list(heard) == answered  # only the second video has answers
    for key in answered:
        first = int(key.split("-")[-4])
        share = float((video.speaking[first : first + 25] == 1).mean())
        assert heard[key].listener_speaks == share
        assert abs(heard[key].listener_heard - share) < 0.05  # the noise is even
        kept = annotation(Clip.objects.get(key=key), "leakage").summary
        assert kept == {"listener_heard": heard[key].listener_heard, "listener_speaks": share}
    strict = import_realtalk("rt", folder, choices=Choices(seconds=1.0, most_leakage=0.1), at=AT)
    assert sorted(pair.window.clip_key("speaker") for pair in strict.pairs if pair.is_left_out) == sorted(answered)
    assert (strict.clips.new, strict.clips.kept) == (0, 16 - 2 * len(answered))
    assert answered


@pytest.mark.data_layer
def test_importing_again_changes_nothing_and_cuts_nothing(written):
    folder, _ = written
    import_realtalk("rt", folder, choices=ONE_S, at=AT)
    cut = {path: path.stat().st_mtime_ns for path in (settings.REALTALK_DATA / "releases").rglob("*.mp4")}
    rows = sorted(Annotation.objects.values_list("pk", "sha256", "annotated_at"))
    again = import_realtalk("rt", folder, choices=ONE_S, at=AT.replace(hour=5))
    assert (again.clips.new, again.clips.kept) == (0, 16)
    assert {path: path.stat().st_mtime_ns for path in cut} == cut
    assert sorted(Annotation.objects.values_list("pk", "sha256", "annotated_at")) == rows


@pytest.mark.data_layer
def test_an_import_that_was_stopped_goes_on_with_the_same_bytes(written):
    folder, _ = written

    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped(f"{done} of {total}")

    with pytest.raises(Stopped, match="4 of 8"):
        import_realtalk("rt", folder, choices=ONE_S, at=AT, on_progress=stop)
    assert not Corpus.objects.exists()
    clips = settings.REALTALK_DATA / "releases/rt/face-25/clips"
    first = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in clips.iterdir()}
    assert len(first) == 8
    lost = sorted(clips.iterdir())[0]
    lost.unlink()
    seen: list[tuple[int, int]] = []
    import_realtalk("rt", folder, choices=ONE_S, at=AT, on_progress=lambda *at: seen.append(at))
    assert seen == [(4, 8), (8, 8)]
    assert {name: (clips / name).read_bytes() for name in first} == {name: made for name, (_, made) in first.items()}
    assert [name for name, (at, _) in first.items() if (clips / name).stat().st_mtime_ns == at]
    assert Clip.objects.count() == 16


def test_clips_show_the_pictures_that_their_keys_name(written):
    folder, (video, _) = written
    choices = Choices(seconds=1.0, crop="full", videos=(video.video_id,), limit=2)
    done = import_realtalk("rt", folder, choices=choices, at=AT)
    assert [pair.window.first for pair in done.pairs] == [0, 25]
    clip = Clip.objects.get(key=f"rt-{video.video_id}-000025-000049-p1-listener")
    shown = pictures_of(media_of(clip))
    lines = [round(int(np.argmax(picture.astype(int).sum(axis=(1, 2)))) / 3) for picture in shown]
    assert lines == list(range(25, 50))
    assert (clip.width, clip.height) == (960, 480)


def test_halves_of_the_picture_show_one_person_each_and_sound_is_the_speakers(written):
    folder, (video, _) = written
    choices = Choices(seconds=1.0, crop="person", videos=(video.video_id,), limit=1)
    import_realtalk("rt", folder, choices=choices, at=AT)
    speaker = Clip.objects.get(role="speaker")
    shades = [int(np.median(pictures_of(media_of(clip))[3][:40, :40])) for clip in (speaker, speaker.partner)]
    assert (speaker.width, speaker.height) == (480, 480)
    assert shades[1] - shades[0] > 30  # p1's half is the lighter one
    assert float(np.sqrt(np.mean(sound_of(media_of(speaker)) ** 2))) > 0.03


@pytest.mark.parametrize(
    "variant",
    [
        {"names": ("expcode", "posecode"), "packed": False, "split": "records", "asr": "words"},
        {"missing_people": True, "asr": "srt"},
        {"split": "videos"},
    ],
)
def test_other_layouts_that_are_understood(variant, tmp_path):
    told = write_release(tmp_path / "release", **SMALL | variant)
    done = import_realtalk("rt", tmp_path / "release", choices=Choices(seconds=1.0, clips_per_video=2), at=AT)
    assert done.with_tracks == len(done.pairs) >= 4
    assert done.with_transcript >= 1
    assert {pair.split for pair in done.pairs} == {"train", "test"}
    assert {pair.window.video_id for pair in done.pairs if pair.split == "test"} == {told[-1].video_id}
    there = [row.summary["share_there"] for row in Annotation.objects.filter(kind="tracks")]
    assert (min(there) < 1) == bool(variant.get("missing_people"))


@pytest.mark.data_layer
def test_a_release_without_its_optional_parts_is_imported_and_says_so(tmp_path):
    write_release(tmp_path / "release", **SMALL, parts=(), split="none")
    done = import_realtalk("rt", tmp_path / "release", choices=Choices(seconds=1.0, clips_per_video=1), at=AT)
    assert list(done.notes) == [
        f"The release has no {name}: imported without it."
        for name in ("emoca.tar.gz", "asr.tar.gz", "benchmark/train_test_split.json", "benchmark/embeddings.pkl")
    ]
    assert (done.clips.new, done.with_tracks, done.with_transcript) == (4, 0, 0)
    assert set(Clip.objects.values_list("split", "transcript")) == {("", "")}
    assert set(Annotation.objects.values_list("kind", flat=True)) == {"speaking", "leakage"}


def test_test_videos_may_be_drawn(written):
    folder, _ = written
    done = import_realtalk("rt", folder, choices=Choices(seconds=1.0, split=0.5, clips_per_video=1), at=AT)
    assert sorted(pair.split for pair in done.pairs) == ["test", "train"]


def test_layouts_that_are_not_known_are_reported_together_with_a_planted_pickle(tmp_path):
    ran = tmp_path / "planted-code-ran"
    folder = tmp_path / "release"
    write_release(folder, **SMALL, split="videos", asr="unknown", planted=ran)
    (asr, planted) = problems_of(folder)
    assert "in asr.tar.gz is laid out in a way that is not known: it holds a dict of 1 {'hypotheses'" in asr
    assert asr.endswith("Give --leave-out asr, and tell us what it is")
    assert "posix.system" in planted
    assert "in emoca.tar.gz asks for" in planted
    assert not ran.exists()
    import_realtalk("rt", folder, choices=Choices(seconds=1.0, leave_out=("asr", "emoca"), limit=1), at=AT)
    assert not ran.exists()


def test_a_split_that_is_not_known_is_reported(copied):
    (copied / "benchmark/train_test_split.json").write_text('{"folds": [[3, 1], [2]], "version": 2}')
    (problem,) = problems_of(copied)
    assert problem == (
        "train_test_split.json is laid out in a way that is not known: it holds a dict of 2 {'folds': a list of 2, "
        "first a list of 2, 'version': int 2}. Give --split none, or --split 0.2 for a draw of a fifth, "
        "and tell us what it is"
    )


def test_planted_embeddings_are_refused(copied, tmp_path):
    class Planted:
        def __reduce__(self):
            return exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",)

    (copied / "benchmark/embeddings.pkl").write_bytes(pickle.dumps({"a": Planted()}))
    (problem,) = problems_of(copied)
    assert problem.startswith("embeddings.pkl asks for builtins.exec")
    assert not (tmp_path / "ran").exists()


def test_a_video_that_ends_before_its_annotation_is_named(written, tmp_path):
    folder = Path(shutil.copytree(written[0], tmp_path / "long"))
    with tarfile.open(folder / "annotations.tar.gz") as archive:
        files = {member.name: json.load(archive.extractfile(member)) for member in archive}
    with tarfile.open(folder / "annotations.tar.gz", "w:gz") as out:
        for name, frames in files.items():
            late = {str(int(frame) + 100): entry for frame, entry in frames.items()}
            content = json.dumps(frames | late if name.startswith("metadata/-") else frames).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
    (copied_split := folder / "benchmark/train_test_split.json").unlink()
    assert not copied_split.exists()
    (problem,) = problems_of(folder, Choices(seconds=1.0, clips_per_video=8, leave_out=("emoca",)))
    video = written[1][0].video_id
    assert problem.startswith(f"video {video} in videos_00.tar: it ends after 100 pictures, but its annotation goes on")
    assert problem.endswith(f"or give --without {video}")
    import_realtalk("rt", folder, choices=Choices(seconds=1.0, without=(video,), leave_out=("emoca",)), at=AT)


def test_choices_that_cannot_be_met_are_named_together(written):
    folder, _ = written
    assert problems_of(folder, Choices(seconds=0.01, crop="feet", split=2.0, limit=0, leave_out=("video",))) == [
        "the crop is 'feet': give one of face, person, full",
        "clips of 0.01 seconds cannot be cut: give 0.08 to 600",
        "the share of test videos is 2: give one between 0 and 1",
        "the limit is 0: give 1 or more",
        "video cannot be left out: only asr, emoca, embeddings, split",
    ]
    (unknown,) = problems_of(folder, Choices(seconds=1.0, videos=("aaaaaaaaaaa",)))
    assert unknown.startswith("--videos names aaaaaaaaaaa, which")
    (none,) = problems_of(folder, Choices(seconds=3.9, split="none", smallest_share=1.0))
    assert none.startswith("no stretch of 3.9 s has one person speaking for 100% of it")
    (loud,) = problems_of(folder, Choices(seconds=2.0, split="none", most_leakage=0.0, videos=(written[1][1].video_id,),
                                          limit=1))  # fmt: skip
    assert loud == "the listener is heard too much in every pair: give a larger --max-leakage"


def test_the_command_prints_the_table_and_every_problem(written, capsys, tmp_path):
    folder, (_, video) = written
    call_command("import_realtalk", folder, "--seconds=1", "--corpus=rt", "--max-leakage=0.1")
    said = capsys.readouterr().out
    assert "  8 of 8 pairs measured and cut" in said
    assert f"  {video.video_id}" in said
    assert "  left out\n" in said
    assert "quartiles of all 8 pairs: 0.000" in said
    assert "embeddings.pkl holds 8 entries (8 are an array (7, 16) of float32), the first called" in said
    assert "pairs left out for the listener's voice." in said
    with pytest.raises(CommandError, match=r"Nothing was imported: 1 problem\.\n.*is no folder"):
        call_command("import_realtalk", tmp_path / "nowhere")
    manifest = next((Path(tmp_path) / "releases").rglob("clips.csv"))
    assert len(list(csv.DictReader(manifest.open()))) == Clip.objects.count()


def test_faces_are_found_in_clips_cut_from_drawn_people(tmp_path):
    """The drawn people of a release are what the tests of the whole way need: faces that a detector finds."""
    write_release(tmp_path / "release", videos=1, seconds=2.0)
    import_realtalk("rt", tmp_path / "release", choices=Choices(seconds=1.0, split="none", limit=1), at=AT)
    shares = [
        follow_faces(list(enumerate(pictures_of(media_of(clip))))[::8]).share_one_face for clip in Clip.objects.all()
    ]
    assert shares == [1.0, 1.0]
