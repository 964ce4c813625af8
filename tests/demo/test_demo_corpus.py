"""A small demo corpus as its readers find it: files, columns, partners, pictures, sound, sameness."""

import csv
import hashlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from retrieval.demo import FolderInUse, make_demo_corpus
from retrieval.demo.voices import ACCENTS, VARIANTS, SpeechFailed, Utterance, read_samples, speak_all

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"speakers": 2, "listeners": 3, "length_s": 1.0, "seed": 4, "processes": 1}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_demo_corpus(tmp_path_factory.mktemp("demo") / "corpus", **SMALL)


@pytest.fixture
def place(tmp_path):
    """A folder where nothing else is made."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def digests(directory: Path) -> dict[str, str]:
    return {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.rglob("*")) if file.is_file()
    }  # fmt: skip


def pictures(file: Path) -> list[np.ndarray]:
    with av.open(str(file)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_the_manifest_has_the_columns_of_the_interface_and_files_that_are_there(corpus):
    manifest = rows(corpus.manifest)
    assert list(manifest[0])[:9] == [
        "clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence", "permitted_uses",
    ]  # fmt: skip
    assert all(column.startswith("attr_") for column in list(manifest[0])[9:])
    assert [row["role"] for row in manifest] == ["speaker"] * 2 + ["listener"] * 3
    assert {row["split"] for row in manifest} == {"test"}
    assert all((corpus.directory / row["file"]).is_file() for row in manifest)
    assert len({row["clip_key"] for row in manifest}) == 5


def test_each_speaker_says_something_and_has_a_listener_who_is_somebody_else(corpus):
    by_key = {row["clip_key"]: row for row in rows(corpus.manifest)}
    speakers = [row for row in by_key.values() if row["role"] == "speaker"]
    partners = [by_key[row["partner_key"]] for row in speakers]
    assert all(len(row["transcript"].split()) > 8 for row in speakers)
    assert [row["role"] for row in partners] == ["listener", "listener"]
    assert len({row["clip_key"] for row in partners}) == 2
    assert all(a["person_key"] != b["person_key"] for a, b in zip(speakers, partners, strict=True))
    assert all(row["partner_key"] == "" and row["transcript"] == "" for row in by_key.values() if row not in speakers)


def test_the_stimuli_name_speakers_and_listeners_of_the_manifest(corpus):
    stimuli = rows(corpus.stimuli)
    role = {row["clip_key"]: row["role"] for row in rows(corpus.manifest)}
    assert list(stimuli[0]) == ["item", "condition", "clip_key", "kind", "correct_condition"]
    assert {role[row["item"]] for row in stimuli} == {"speaker"}
    assert {role[row["clip_key"]] for row in stimuli} == {"listener"}


@pytest.mark.parametrize(("role", "sound"), [("speaker", 1), ("listener", 0)])
def test_clips_are_480_by_480_at_25_a_second_with_sound_for_speakers_only(corpus, role, sound):
    for row in rows(corpus.manifest):
        if row["role"] != role:
            continue
        file = corpus.directory / row["file"]
        with av.open(str(file)) as container:
            video = container.streams.video[0]
            assert (video.codec.name, video.pix_fmt, video.width, video.height) == ("h264", "yuv420p", 480, 480)
            assert video.average_rate == 25
            assert len(container.streams.audio) == sound
            assert sum(1 for _ in container.decode(video=0)) == 25
        head = file.read_bytes()
        assert head.index(b"moov") < head.index(b"mdat")


def test_speech_is_loud_enough_to_hear_and_ends_before_the_clip(corpus):
    for row in rows(corpus.manifest)[:2]:
        with av.open(str(corpus.directory / row["file"])) as container:
            samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
            rate = container.streams.audio[0].rate
        assert 0.04 < float(np.sqrt(np.mean(samples**2))) < 0.5
        assert float(np.abs(samples[int(0.97 * rate) : rate]).max()) < 0.02
        assert len(samples) / rate <= 1.06


def test_every_voice_that_can_be_cast_is_heard_and_says_the_same_in_the_same_way(tmp_path):
    voices = [f"{accent}+{name}" for accent in ACCENTS for names in VARIANTS.values() for name in names]
    utterances = [Utterance(f"v{i}", "Hello.", voice, 50, 50, 2.0) for i, voice in enumerate(voices)]
    (tmp_path / "again").mkdir()
    files, again = speak_all(utterances, tmp_path), speak_all(utterances, tmp_path / "again")
    assert [file.read_bytes() for file in files.values()] == [file.read_bytes() for file in again.values()]
    assert all(np.abs(read_samples(file, length_s=2.0)).max() > 0.1 for file in files.values())


def test_a_voice_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(SpeechFailed, match="no voice 'en-xx'"):
        speak_all([Utterance("v", "Hello.", "en-xx", 50, 50, 2.0)], tmp_path)


def test_faces_move_and_are_not_one_another(corpus):
    first = []
    for row in rows(corpus.manifest):
        shown = pictures(corpus.directory / row["file"])
        changes = [int((np.abs(a.astype(int) - b) > 12).sum()) for a, b in pairwise(shown)]
        assert np.median(changes) > 20
        first.append(shown[0].astype(int))
    assert all(np.abs(a - b).mean() > 4 for i, a in enumerate(first) for b in first[:i])


def test_the_ground_truth_is_a_file_of_its_own(corpus):
    truth = rows(corpus.truth)
    assert [row["clip_key"] for row in truth] == [row["clip_key"] for row in rows(corpus.manifest)]
    assert all(row["emotion"] and 0 < float(row["intensity"]) <= 1.1 for row in truth)
    assert not any("emotion" in column or "feeling" in column for column in rows(corpus.manifest)[0])


def test_the_same_arguments_give_the_same_bytes_whatever_the_number_of_processes(corpus, tmp_path):
    again = make_demo_corpus(tmp_path / "again", **(SMALL | {"processes": 2}))
    assert again.was_cached is False
    assert digests(again.directory) == digests(corpus.directory)


def test_another_seed_gives_other_pictures(corpus, tmp_path):
    other = make_demo_corpus(tmp_path / "other", **(SMALL | {"seed": 5, "speakers": 1, "listeners": 1}))
    assert (other.directory / "clips/demo-s01.mp4").read_bytes() != (
        corpus.directory / "clips/demo-s01.mp4"
    ).read_bytes()


def test_a_second_call_finds_the_corpus_and_a_damaged_one_is_made_again(tmp_path):
    few = SMALL | {"speakers": 1, "listeners": 1, "length_s": 0.4}
    made = make_demo_corpus(tmp_path / "corpus", **few)
    when = made.manifest.stat().st_mtime_ns
    found = make_demo_corpus(tmp_path / "corpus", **few)
    assert (found.was_cached, found.manifest.stat().st_mtime_ns) == (True, when)
    (made.directory / "clips/demo-l01.mp4").unlink()
    repaired = make_demo_corpus(tmp_path / "corpus", **few)
    assert (repaired.was_cached, (made.directory / "clips/demo-l01.mp4").is_file()) == (False, True)


def test_train_clips_come_beside_and_their_people_are_others(tmp_path):
    both = SMALL | {"speakers": 1, "listeners": 1, "length_s": 0.4, "train_speakers": 1, "train_listeners": 2}
    manifest = rows(make_demo_corpus(tmp_path / "corpus", **both).manifest)
    people = {split: {r["person_key"] for r in manifest if r["split"] == split} for split in ("test", "train")}
    assert [row["split"] for row in manifest] == ["test"] * 2 + ["train"] * 3
    assert people["test"] & people["train"] == set()


def test_progress_is_told_for_each_clip(tmp_path):
    told = []
    make_demo_corpus(
        tmp_path / "corpus", speakers=1, listeners=2, length_s=0.4, processes=1,
        on_progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_making_that_fails_leaves_nothing(place):
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo_corpus(place / "corpus", **(SMALL | {"length_s": 0.4}), on_progress=stop)
    assert list(place.iterdir()) == []


def test_a_making_that_is_killed_leaves_no_half_corpus_and_the_next_one_clears_up(place):
    program = (
        "import sys; from pathlib import Path; from retrieval.demo import make_demo_corpus\n"
        "make_demo_corpus(Path(sys.argv[1]), speakers=2, listeners=3, length_s=3.0, processes=1,"
        " on_progress=lambda done, total: print(done, flush=True))"
    )
    target = place / "corpus"
    maker = subprocess.Popen([sys.executable, "-c", program, str(target)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert maker.stdout.readline() == "1\n"
    maker.kill()
    maker.wait()
    maker.stdout.close()
    assert not target.exists()
    make_demo_corpus(target, speakers=1, listeners=1, length_s=0.4, processes=1)
    assert [path.name for path in place.iterdir()] == ["corpus"]


def test_a_folder_with_other_files_is_left_alone(place):
    (place / "thesis.txt").write_text("mine")
    with pytest.raises(FolderInUse, match="name an empty or a new folder"):
        make_demo_corpus(place, **SMALL)
    assert [path.name for path in place.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "wrong", [{"speakers": 0}, {"speakers": 5, "listeners": 4}, {"train_speakers": 1}, {"length_s": 0.0}]
)
def test_impossible_orders_are_refused(place, wrong):
    with pytest.raises(ValueError, match=r"(is|needs)"):
        make_demo_corpus(place / "corpus", **(SMALL | wrong))
    assert list(place.iterdir()) == []


def test_nothing_of_it_imports_django_or_the_speech_engine():
    program = (
        "import sys, retrieval.demo; print([m for m in ('django', 'espeakng_loader', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
