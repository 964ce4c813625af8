"""Preparing a study: whole items, resumable, with a reason for everything that cannot be shown."""

import fcntl
from pathlib import Path

import pytest

from retrieval.jobs import run_job
from retrieval.models import Clip, Job, JobState, Person
from studies.models import Item, Rendition, ShortListeners, Stimulus, Study
from studies.services.launches import CannotLaunch, open_study
from studies.services.preparing import BeingPrepared, prepare_study
from tests.media.studies import AT, PLANTED, make_filmed_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


def rows() -> list[dict]:
    """What preparing has written, without the ids."""
    values = Rendition.objects.order_by("item", "clip").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in values]


def files_in(media_folder: Path) -> set[str]:
    home = media_folder / "renditions"
    return {str(path.relative_to(media_folder)) for path in home.rglob("*") if path.is_file() and path.name != "lock"}


def test_every_stimulus_has_its_rendition(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos")
    seen = []
    done = prepare_study(study.pk, at=AT, progress=lambda *at: seen.append(at))
    assert (done.made, done.kept, done.problems) == (2, 0, ())
    assert seen == [(0, 2), (1, 2), (2, 2)]
    for stimulus in Stimulus.objects.select_related("rendition", "clip"):
        assert stimulus.rendition.clip == stimulus.clip
        assert (stimulus.rendition.frames, stimulus.rendition.length_s, stimulus.rendition.has_audio) == (
            25,
            1.0,
            False,
        )
    for item in Item.objects.select_related("speaker"):
        assert Rendition.objects.get(item=item, clip=item.speaker).has_audio
        rivals = Rendition.objects.filter(item=item).exclude(clip=item.speaker)
        assert len({(one.size_bytes, one.width, one.height, one.frames, one.fps) for one in rivals}) == 1
        assert {(media_folder / one.file).stat().st_size for one in rivals} == {rivals[0].size_bytes}
    assert {row["file"] for row in rows()} == files_in(media_folder)


def test_file_names_and_contents_tell_nothing(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos")
    prepare_study(study.pk, at=AT)
    for file in files_in(media_folder):
        content = (media_folder / file).read_bytes()
        for word in (PLANTED, "social", "random", "x264", "Lavf"):
            assert word not in file
            assert word.encode() not in content


def test_preparing_again_changes_nothing(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos")
    prepare_study(study.pk, at=AT)
    before = rows()
    touched = {file: (media_folder / file).stat().st_mtime_ns for file in files_in(media_folder)}
    again = prepare_study(study.pk, at=AT.replace(year=2027))
    assert (again.made, again.kept) == (0, 2)
    assert rows() == before
    assert {file: (media_folder / file).stat().st_mtime_ns for file in files_in(media_folder)} == touched


class Killed(BaseException):
    """The end of a process, for a test: nothing may catch it."""


@pytest.mark.parametrize("after", [1, 2])
def test_killed_between_items_and_run_again(tmp_path, media_folder, after):
    study = make_filmed_study(tmp_path / "videos", items=3)
    seen = []

    def die(done: int, total: int) -> None:
        seen.append(done)
        if done == after:
            raise Killed

    with pytest.raises(Killed):
        prepare_study(study.pk, at=AT, progress=die)
    assert Rendition.objects.values("item").distinct().count() == after
    done = prepare_study(study.pk, at=AT)
    assert (done.made, done.kept) == (3 - after, after)
    resumed = rows()
    Rendition.objects.all().delete()
    prepare_study(study.pk, at=AT)
    assert rows() == resumed
    assert {row["file"] for row in rows()} == files_in(media_folder)


def test_killed_after_the_files_moved_and_before_the_rows(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos", items=1)
    prepare_study(study.pk, at=AT)
    before = rows()
    Rendition.objects.all().delete()  # the files are in place and nothing says so
    assert prepare_study(study.pk, at=AT).made == 1
    assert rows() == before
    assert {row["file"] for row in rows()} == files_in(media_folder)


def test_what_a_killed_run_left_is_removed(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos", items=1)
    left = media_folder / "renditions" / f".work-{study.pk}" / "tmp-left"
    left.mkdir(parents=True)
    (left / "0.mp4").write_bytes(b"half")
    prepare_study(study.pk, at=AT)
    assert not left.exists()


def test_a_lost_or_shortened_file_is_made_again(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos")
    prepare_study(study.pk, at=AT)
    before = rows()
    (media_folder / before[0]["file"]).unlink()
    (media_folder / before[-1]["file"]).write_bytes(b"")
    assert prepare_study(study.pk, at=AT).made == 2
    assert rows() == before


def test_short_listeners_are_named_and_the_study_does_not_open(tmp_path):
    study = make_filmed_study(tmp_path / "videos", items=1, listener_frames=20)
    done = prepare_study(study.pk, at=AT)
    why = "lasts 0.80 s, the speaker 1.00 s: choose a longer listener, or freeze short listeners"
    assert done.problems == (
        f"item 's0': clip 'random0' (random) {why}",
        f"item 's0': clip 'social0' (social) {why}",
    )
    assert set(Stimulus.objects.values_list("problem", "rendition")) == {(why, None)}
    with pytest.raises(CannotLaunch) as caught:
        open_study(study.pk, at=AT)
    assert sorted(caught.value.problems) == [
        f"Item 's0', condition 'random', clip 'random0': {why}",
        f"Item 's0', condition 'social', clip 'social0': {why}",
    ]


def test_one_bad_clip_is_named_and_the_other_items_are_prepared(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos", items=2)
    bad = Clip.objects.get(key="social0")
    (media_folder / bad.file).write_text("no film any more\n")
    done = prepare_study(study.pk, at=AT)
    assert done.made == 1
    assert [problem.split(":")[:2] for problem in done.problems] == [
        ["item 's0'", " clip 'social0' (social) cannot be shown"]
    ]
    assert Stimulus.objects.get(clip__key="random0").problem == ("waits for 'social0', which cannot be shown beside it")
    (media_folder / bad.file).unlink()
    assert prepare_study(study.pk, at=AT).problems == (
        "item 's0': clip 'social0' (social) is not in the media folder: import its manifest again",
    )


def test_a_mended_item_loses_its_problem(tmp_path):
    study = make_filmed_study(tmp_path / "videos", items=1, listener_frames=20)
    prepare_study(study.pk, at=AT)
    Study.objects.filter(pk=study.pk).update(short_listeners=ShortListeners.FREEZE)
    assert prepare_study(study.pk, at=AT).problems == ()
    assert set(Stimulus.objects.values_list("problem", flat=True)) == {""}
    assert not Stimulus.objects.filter(rendition=None).exists()


def test_a_draft_with_other_settings_is_prepared_anew_and_old_files_go(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos", items=1)
    prepare_study(study.pk, at=AT)
    before = files_in(media_folder)
    Rendition.objects.update(recipe="made by an older version")
    Rendition.objects.filter(clip__key="s0").update(file="renditions/old.mp4")
    (media_folder / "renditions" / "old.mp4").write_bytes(b"old")
    assert prepare_study(study.pk, at=AT).made == 1
    assert files_in(media_folder) == before


def test_an_open_study_keeps_what_was_shown(tmp_path):
    study = make_filmed_study(tmp_path / "videos", items=1)
    prepare_study(study.pk, at=AT)
    open_study(study.pk, at=AT)
    Rendition.objects.update(recipe="made by an older version")
    assert prepare_study(study.pk, at=AT).kept == 1


def test_a_speaker_that_was_taken_down(tmp_path):
    study = make_filmed_study(tmp_path / "videos", items=1)
    Person.objects.update(taken_down_at=AT)
    assert prepare_study(study.pk, at=AT).problems == (
        "item 's0': clip 's0' (the speaker) shows someone whose clips were taken down: choose another",
    )
    assert Item.objects.get().problem == "its clip shows someone whose clips were taken down: choose another"


def test_two_processes_do_not_prepare_one_study(tmp_path, media_folder):
    study = make_filmed_study(tmp_path / "videos", items=1)
    work = media_folder / "renditions" / f".work-{study.pk}"
    work.mkdir(parents=True)
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BeingPrepared, match="is being prepared already"):
            prepare_study(study.pk, at=AT)


@pytest.mark.django_db(transaction=True)
def test_as_a_job_it_says_how_it_went(tmp_path):
    study = make_filmed_study(tmp_path / "videos")
    job = Job.objects.create(kind="prepare_study", arguments={"study_id": study.pk}, created_at=AT)
    done = run_job(job.pk, owner="here", clock=lambda: AT)
    assert (done.state, done.message) == (JobState.DONE, "2 items prepared, 0 ready before.")
    assert (done.progress, done.total) == (2, 2)
