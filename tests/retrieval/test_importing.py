"""From a folder to a corpus: all clips, or none and every reason."""

import csv
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from retrieval.manifests import ManifestError
from retrieval.models import Clip, Corpus, Person
from retrieval.permissions import STUDIES, TRAINING
from retrieval.queries import bank_of
from retrieval.services.importing import import_clips
from retrieval.services.withholding import withhold_person
from tests.videos import make_video

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]

COLUMNS = ["clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence"]
AT = datetime(2026, 3, 1, tzinfo=UTC)
TERMS = {"licence": "CC0", "consent": "Drawn.", "at": AT}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "videos"
    make_video(home / "ann.mp4", frames=20, sound_s=0.8)
    make_video(home / "bob.mp4", frames=25, shade=1)
    make_video(home / "turned.mp4", frames=25, shade=2, turned=90)
    make_video(home / "vp9.webm", frames=25, shade=3, codec="libvpx-vp9")
    return home


def write(folder: Path, rows: list[dict[str, str]], *, extra: tuple[str, ...] = ()) -> Path:
    path = folder / "clips.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *extra], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


ROWS = [
    {"clip_key": "s1", "file": "ann.mp4", "role": "speaker", "person_key": "ann", "partner_key": "l1", "split": "test"},
    {"clip_key": "l1", "file": "bob.mp4", "role": "listener", "person_key": "bob"},
    {"clip_key": "l2", "file": "turned.mp4", "role": "listener"},
    {"clip_key": "l3", "file": "vp9.webm", "role": "listener", "licence": "CC BY 4.0"},
]


def problems_of(*args, **kwargs) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        import_clips(*args, **{**TERMS, **kwargs})
    return caught.value.problems


def test_clips_people_and_files_are_there(folder, media_folder):
    seen = []
    done = import_clips("c", write(folder, ROWS), **TERMS, title="Two people", on_progress=lambda *at: seen.append(at))
    assert (done.new, done.kept, done.corpus.title) == (4, 0, "Two people")
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    speaker = Clip.objects.select_related("partner", "person").get(key="s1")
    assert (speaker.partner.key, speaker.person.key, speaker.split) == ("l1", "ann", "test")
    assert (speaker.length_s, speaker.fps, speaker.has_audio) == (0.8, 25.0, True)
    turned = Clip.objects.get(key="l2")
    assert (turned.width, turned.height, turned.person, turned.has_audio) == (48, 64, None, False)
    for clip in Clip.objects.all():
        content = (media_folder / clip.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == clip.sha256
        assert clip.file == f"clips/{clip.sha256[:2]}/{clip.sha256}{Path(clip.file).suffix}"


def test_the_source_may_vanish(folder, media_folder):
    import_clips("c", write(folder, ROWS), **TERMS)
    shutil.rmtree(folder)
    assert all((media_folder / clip.file).is_file() for clip in Clip.objects.all())


def test_importing_again_changes_nothing(folder):
    import_clips("c", write(folder, ROWS), **TERMS)
    before = list(Clip.objects.order_by("pk").values())
    again = import_clips("c", write(folder, ROWS), **TERMS)
    assert (again.new, again.kept) == (0, 4)
    assert list(Clip.objects.order_by("pk").values()) == before


def test_importing_again_brings_a_lost_file_back(folder, media_folder):
    import_clips("c", write(folder, ROWS), **TERMS)
    lost = media_folder / Clip.objects.first().file
    content = lost.read_bytes()
    lost.unlink()
    import_clips("c", write(folder, ROWS), **TERMS)
    assert lost.read_bytes() == content


def test_a_second_manifest_adds_to_the_corpus(folder):
    import_clips("c", write(folder, ROWS[1:3]), **TERMS)
    done = import_clips("c", write(folder, [ROWS[0]]), **TERMS)
    assert (done.new, done.kept) == (1, 0)
    assert Clip.objects.get(key="s1").partner == Clip.objects.get(key="l1")


def test_a_clip_never_changes(folder):
    import_clips("c", write(folder, ROWS), **TERMS)
    make_video(folder / "bob.mp4", frames=30, shade=7)
    changed = [ROWS[0] | {"transcript": "Hm."}, *ROWS[1:]]
    remedy = "clips never change, so give the new one a key of its own"
    assert problems_of("c", write(folder, changed)) == [
        f"line 2: clip 's1' is in the corpus with another transcript: {remedy}",
        f"line 3: clip 'l1' is in the corpus with another video: {remedy}",
    ]
    assert Clip.objects.get(key="s1").transcript == ""


def test_every_problem_at_once_and_nothing_half_done(folder, media_folder):
    (folder / "text.mp4").write_text("I am a film\n")
    (folder / "empty.mp4").touch()
    whole = (folder / "bob.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    rows = [
        *ROWS,
        {"clip_key": "l4", "file": "text.mp4", "role": "listener"},
        {"clip_key": "l5", "file": "empty.mp4", "role": "listener"},
        {"clip_key": "l6", "file": "cut.mp4", "role": "listener"},
        {"clip_key": "l7", "file": "nowhere.mp4", "role": "listener"},
        {"clip_key": "l1", "file": "vp9.webm", "role": "nobody"},
    ]
    problems = problems_of("c", write(folder, rows), consent=" ")
    assert [problem.split(":")[0] for problem in problems] == [
        "the consent statement is empty", "line 6", "line 7", "line 8", "line 9", "line 10", "line 10",
    ]  # fmt: skip
    assert problems[1] == (
        "line 6: file 'text.mp4': this is a text file, not a video, whatever its name says: name the video instead"
    )
    assert not Corpus.objects.exists()
    assert not Person.objects.exists()
    assert list(media_folder.iterdir()) == []


def test_one_corpus_has_one_licence(folder):
    import_clips("c", write(folder, ROWS), **TERMS)
    assert problems_of("c", write(folder, ROWS), licence="MIT") == [
        "corpus 'c' has the licence 'CC0': give the same, or another corpus key"
    ]


def test_who_was_taken_down_does_not_come_back_by_an_import(folder, media_folder):
    rows = [ROWS[1]]
    corpus = import_clips("c", write(folder, rows), **TERMS).corpus
    withhold_person(corpus.people.get().pk, at=TERMS["at"])
    assert problems_of("c", write(folder, rows)) == ["line 2: person 'bob' was taken down: leave their clips out"]
    renamed = [ROWS[1] | {"clip_key": "other", "person_key": ""}]
    assert problems_of("d", write(folder, renamed)) == [
        f"line 2: file '{ROWS[1]['file']}' shows somebody who was taken down: leave it out"
    ]


def test_a_corpus_keeps_what_it_may_be_used_for(folder):
    import_clips("c", write(folder, ROWS), **TERMS, permitted_uses=" studies ")
    again = import_clips("c", write(folder, ROWS), **TERMS)  # who says nothing changes nothing
    assert again.corpus.permitted_uses == "studies"
    assert problems_of("c", write(folder, ROWS), permitted_uses="studies, training") == [
        "corpus 'c' has the permitted uses 'studies': give the same, or another corpus key"
    ]


def test_who_is_in_a_corpus_permits_less_and_never_more(folder):
    rows = [ROWS[1] | {"permitted_uses": "studies, training"}]
    corpus = import_clips("c", write(folder, rows, extra=("permitted_uses",)), **TERMS, permitted_uses="studies").corpus
    assert [clip.key for clip in bank_of(corpus, use=STUDIES)] == [ROWS[1]["clip_key"]]
    assert bank_of(corpus, use=TRAINING) == []
    Corpus.objects.update(permitted_uses="studies, training")
    assert len(bank_of(Corpus.objects.get(), use=TRAINING)) == 1


def test_a_person_keeps_what_they_declared(folder):
    with_age = write(folder, [ROWS[1] | {"attr_age": "34"}], extra=("attr_age",))
    import_clips("c", with_age, **TERMS)
    later = {"clip_key": "l9", "file": "turned.mp4", "role": "listener", "person_key": "bob"}
    older = write(folder, [later | {"attr_age": "35"}], extra=("attr_age",))
    assert problems_of("c", older) == ["line 2: person 'bob' is in the corpus with another age: make them alike"]
    import_clips("c", write(folder, [later | {"attr_eyes": "grey"}], extra=("attr_eyes",)), **TERMS)
    assert Person.objects.get(key="bob").attributes == {"age": "34", "eyes": "grey"}


def test_the_same_content_under_two_keys_is_stored_once(folder, media_folder):
    shutil.copy(folder / "bob.mp4", folder / "copy.mp4")
    rows = [ROWS[1], {"clip_key": "l8", "file": "copy.mp4", "role": "listener"}]
    import_clips("c", write(folder, rows), **TERMS)
    assert len({clip.file for clip in Clip.objects.all()}) == 1
    assert len([path for path in media_folder.rglob("*") if path.is_file()]) == 1


def test_the_command_says_what_it_did(folder, capsys):
    path = write(folder, ROWS)
    call_command("import_clips", "c", path, licence="CC0", consent="Drawn.")
    assert capsys.readouterr().out == (
        "Corpus 'c': 4 clips imported, 0 already there. It has 1 speakers and 3 listeners.\n"
    )


def test_the_command_names_every_problem(folder):
    path = write(folder, [ROWS[0], ROWS[1] | {"file": "nowhere.mp4"}])
    with pytest.raises(CommandError) as caught:
        call_command("import_clips", "c", path, licence="CC0", consent=" ")
    assert str(caught.value).splitlines() == [
        "Nothing was imported: 2 problems.",
        "  the consent statement is empty: say under which terms these videos may be used",
        "  line 3: file 'nowhere.mp4' does not exist: check its name and folder",
    ]
