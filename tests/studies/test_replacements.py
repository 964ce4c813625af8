"""A stimulus replaced after launch: new comparisons want the full target anew, and nothing that happened is lost."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction

from analysis.bundle.tables import comparison_rows, deviation_rows, stimulus_rows
from analysis.exports import vote_rows
from analysis.reports import build_report
from retrieval.services.importing import import_clips
from studies.models import Assignment, Comparison, Deviation, Exclusion, Rendition, Slot, Stimulus
from studies.queries import free_slots, study_progress
from studies.services.amendments import raise_target
from studies.services.designs import create_study
from studies.services.exclusions import CannotExclude, exclude_votes, undo_exclusion
from studies.services.further_listeners import CannotReplace
from studies.services.launches import close_study, open_study, pause_study
from studies.services.planning import edit_plan
from studies.services.preparing import prepare_study
from studies.services.releases import CannotRelease, release_stimulus
from studies.services.replacements import REPLACED, RULE, replace_stimulus
from studies.services.sessions import Stage, begin_trials, resume, start_session
from studies.services.votes import Answer, cast_vote
from tests.analysis.playing import play_session, prefer
from tests.factories import START
from tests.media.studies import write_table
from tests.videos import make_video, pictures_of

from .invariants import check_study
from .test_plan_admin import onlooker, researcher, staff  # noqa: F401

pytestmark = pytest.mark.django_db
LEFT = {"appropriate": Answer("left")}
LATER = START + timedelta(days=1)
MUCH_LATER = LATER + timedelta(days=1)


@pytest.fixture
def video(tmp_path) -> Path:
    return make_video(tmp_path / "new.mp4", frames=30, shade=3, sound_s=1.0, metadata={"title": "SECRET"})


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """Manifests of five speakers of 1 s with three listeners each; the last speaker is for practice."""
    folder = tmp_path_factory.mktemp("filmed")
    clips, stimuli = [], []
    for n in range(5):
        make_video(folder / f"s{n}.mp4", shade=n, sound_s=1.0)
        clips.append([f"s{n}", f"s{n}.mp4", "speaker", f"p{n}", "", "", "", ""])
        for place, condition in enumerate(("social", "random", "rude")):
            key = f"{condition}{n}"
            make_video(folder / f"{key}.mp4", frames=30, size=(64, 48 + 8 * place), shade=10 + 3 * n + place)
            clips.append([key, f"{key}.mp4", "listener", f"p-{key}", "", "", "", ""])
            stimuli.append([f"s{n}", condition, key, "practice" if n == 4 else "main"])
    columns = ["clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence"]
    return (
        write_table(folder / "clips.csv", columns, clips),
        write_table(folder / "stimuli.csv", ["item", "condition", "clip_key", "kind"], stimuli),
    )


@pytest.fixture
def study(filmed):
    """Four items, two comparison groups that share `social`, three votes on each of their eight comparisons."""
    clips, stimuli = filmed
    import_clips("c", clips, licence="CC0", consent="Drawn.", at=START)
    study = create_study(
        "s", corpus_key="c", stimuli=stimuli, contrasts=[("social", "random"), ("social", "rude")], at=START,
        votes_per_comparison=3,
    )  # fmt: skip
    study.consent_versions.all().delete()
    edit_plan(study.pk, changes={"exclusion_rules": ["failed_catch"]})
    prepare_study(study.pk, at=START)
    return open_study(study.pk, at=START)


def first_item(study):
    return study.items.filter(kind="main").select_related("speaker").order_by("position").first()


def replace(study, video, *, item=None, condition="social", reason="It froze.", at=LATER, **more):
    item = item or first_item(study)
    return replace_stimulus(
        study.pk, item=item.speaker.key, condition=condition, video=video, reason=reason, by=None, at=at, **more
    )


def noisy_video(path: Path, *, noise: int) -> Path:
    """30 pictures of noise of this strength: as heavy as one likes, whatever they are encoded with."""
    rng = np.random.Generator(np.random.PCG64(noise))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "1", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(30):
            picture = (128 + rng.integers(-noise, noise + 1, (48, 64, 3))).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def sides(study, item) -> dict:
    """Slots wanted of each comparison of an item, by version of its treatment, comparison group and side."""
    slots = Slot.objects.filter(comparison__item=item, rehearsal=False, replaces=None, closed_at=None)
    rows = slots.select_related("comparison__treatment", "comparison__contrast")
    return Counter((s.comparison.treatment.version, str(s.comparison.contrast), s.treatment_side) for s in rows)


def fill(study) -> None:
    for number in range(30):
        if not free_slots(study).exists():
            return
        play_session(study, prefer("social"), at=MUCH_LATER + number * timedelta(hours=2))
        check_study(study)
    raise AssertionError("the study does not fill")


@pytest.mark.data_layer
class TestTheRows:
    def test_votes_then_a_replacement_then_the_rest_fill_every_side_exactly(self, study, video):
        item = first_item(study)
        wanted, before = sides(study, item), study_progress(study).target
        for _ in range(2):
            play_session(study, prefer("social"))
        pause_study(study.pk, at=LATER)
        done = replace(study, video)
        check_study(study)
        assert (done.comparisons, done.slots, done.votes, done.old.version, done.new.version) == (2, 6, 2, 1, 2)
        now = sides(study, item)
        assert {key[1:]: n for key, n in now.items() if key[0] == 2} == {key[1:]: n for key, n in wanted.items()}
        assert sum(n for key, n in now.items() if key[0] == 1) == 2
        with pytest.raises(CannotExclude, match="replaced for good"):
            undo_exclusion(Exclusion.objects.filter(rule=RULE).first().pk, reason="Better so.", at=MUCH_LATER)
        open_study(study.pk, at=MUCH_LATER)
        fill(study)
        answered = Assignment.objects.filter(state="answered", kind="main", slot__comparison__item=item)
        had = Counter(
            (t.slot.comparison.treatment.version, str(t.slot.comparison.contrast), t.slot.treatment_side)
            for t in answered.select_related("slot__comparison__treatment", "slot__comparison__contrast")
        )
        assert had == sides(study, item)
        figures = study_progress(study)
        assert (figures.target, figures.valid, figures.closed) == (before, before, 0), "each wanted vote once"
        met = Counter((t.session_id, t.item_id) for t in Assignment.objects.filter(kind="main", state="answered"))
        assert set(met.values()) == {1}

    def test_a_list_that_nobody_took_stays_whole(self, study, video):
        pause_study(study.pk, at=LATER)
        replace(study, video)
        open_study(study.pk, at=MUCH_LATER)
        sessions = [play_session(study, prefer("social"), at=MUCH_LATER) for _ in range(6)]
        assert [session.deals[0]["whole_list"] for session in sessions] == [True] * 6
        assert study_progress(study).short_by == 0

    def test_a_trial_that_is_watched_ends_and_its_answer_is_late(self, study, video):
        session = start_session(study.pk, at=START)
        place = begin_trials(session.pk, at=START)
        while place.assignment.item_id != first_item(study).pk:
            cast_vote(session.pk, place.assignment.key, LEFT, at=START + timedelta(minutes=1))
            Assignment.objects.filter(session=session, state="live").update(began_at=None)
            place = resume(session.pk, at=START)
        pause_study(study.pk, at=START)
        done = replace(study, video, at=START + timedelta(minutes=1))
        assert done.ended == 1
        cast_vote(session.pk, place.assignment.key, LEFT, at=START + timedelta(minutes=2))
        place.assignment.refresh_from_db()
        assert place.assignment.state == "late"
        open_study(study.pk, at=LATER)
        assert resume(session.pk, at=START + timedelta(minutes=3)).stage == Stage.TRIAL
        check_study(study)
        fill(study)

    def test_what_is_excluded_and_undone_later_never_brings_the_old_one_back(self, study, video):
        session = play_session(study, prefer("social"))
        voted = session.assignments.get(item=first_item(study))
        (before,) = exclude_votes(study.pk, assignments=[voted], rule="failed_catch", reason="r", at=START)
        pause_study(study.pk, at=LATER)
        old = replace(study, video).old
        check_study(study)
        open_study(study.pk, at=MUCH_LATER)
        undo_exclusion(before.pk, reason="r", at=MUCH_LATER)
        check_study(study)
        exclude_votes(study.pk, sessions=[session], rule="failed_catch", reason="r", at=MUCH_LATER)
        check_study(study)
        with pytest.raises(CannotRelease, match="was replaced"):
            release_stimulus(old.pk, at=MUCH_LATER)
        assert not free_slots(study).filter(comparison__treatment=old).exists()
        closed = Slot.objects.filter(comparison__treatment=old, closed_at__isnull=False)
        assert set(closed.values_list("closed_reason", flat=True)) == {REPLACED}
        fill(study)

    def test_both_sides_may_be_replaced_and_one_of_them_twice(self, study, video, tmp_path):
        pause_study(study.pk, at=LATER)
        replace(study, video)
        replace(study, make_video(tmp_path / "b.mp4", size=(64, 48), shade=5), condition="random")
        replace(study, make_video(tmp_path / "c.mp4", size=(64, 48), shade=7))
        open_study(study.pk, at=MUCH_LATER)
        fill(study)
        rows = [row for row in study_progress(study).comparisons if row.comparison.item == first_item(study)]
        asked = [(r.comparison.treatment.version, r.comparison.control.version) for r in rows if r.target]
        assert asked == [(3, 2), (3, 1)] and {row.target for row in rows if row.target} == {3}

    def test_a_raised_target_is_balanced_over_what_is_asked_now(self, study, video):
        play_session(study, prefer("social"))
        pause_study(study.pk, at=LATER)
        replace(study, video)
        raise_target(study.pk, votes_per_comparison=4, reason="r", by=None, at=LATER)
        now = sides(study, first_item(study))
        assert {n for key, n in now.items() if key[0] == 2} == {2}
        open_study(study.pk, at=MUCH_LATER)
        fill(study)

    def test_a_run_that_is_killed_leaves_the_study_as_it_was_and_is_run_again(self, study, video):
        pause_study(study.pk, at=LATER)
        before = sides(study, first_item(study))
        with pytest.raises(RuntimeError), transaction.atomic():
            replace(study, video)
            raise RuntimeError("killed")
        assert (sides(study, first_item(study)), Stimulus.objects.filter(version=2).count()) == (before, 0)
        assert replace(study, video).slots == 6


class TestTheFile:
    def test_it_is_made_like_its_rivals_and_to_their_byte_length(self, study, video):
        pause_study(study.pk, at=LATER)
        before = set(Rendition.objects.values_list("pk", "file", "sha256"))
        new = replace(study, video).new
        assert before < set(Rendition.objects.values_list("pk", "file", "sha256"))
        rival = Stimulus.objects.get(item=new.item, condition="random").rendition
        path, beside = (Path(settings.MEDIA_ROOT) / row.file for row in (new.rendition, rival))
        assert path.stat().st_size == beside.stat().st_size == rival.size_bytes
        assert len(pictures_of(path)) == len(pictures_of(beside))
        with av.open(str(path)) as ours, av.open(str(beside)) as theirs:
            assert [s.type for s in ours.streams] == ["video"]
            for field in ("name", "pix_fmt", "width", "height", "profile"):
                assert getattr(ours.streams[0].codec_context, field) == getattr(theirs.streams[0].codec_context, field)
            assert ours.streams[0].average_rate == theirs.streams[0].average_rate
            assert ours.metadata == theirs.metadata
        assert b"SECRET" not in path.read_bytes()

    def test_one_that_needs_more_bytes_is_encoded_coarser_or_refused_and_the_ledger_says_so(self, study, tmp_path):
        pause_study(study.pk, at=LATER)
        found = {}
        for noise in (0, 12, 60):
            video = noisy_video(tmp_path / f"{noise}.mp4", noise=noise)
            try:
                found[noise] = replace(study, video).deviation.what.partition("Encoded at CRF ")[2][:2]
            except CannotReplace as refusal:
                found[noise] = "refused" if "bring a calmer one" in str(refusal) else str(refusal)
        assert (found[0], found[12] in ("23", "26", "29"), found[60]) == ("", True, "refused")
        listeners = Rendition.objects.filter(item=first_item(study), has_audio=False)
        assert len(set(listeners.values_list("size_bytes", flat=True))) == 1


class TestTheReport:
    def test_old_votes_are_set_aside_by_name_and_both_versions_stand_in_the_bundle(self, study, video):
        for _ in range(2):
            play_session(study, prefer("social"))
        pause_study(study.pk, at=LATER)
        done = replace(study, video)
        open_study(study.pk, at=MUCH_LATER)
        fill(study)
        report = build_report(study, at=MUCH_LATER)
        assert [(c.summary.wins, c.summary.votes) for c in report.contrasts] == [(12, 12), (12, 12)]
        aside = [row for row in vote_rows(study, with_rehearsal=False) if row["excluded"]]
        assert {row["exclusion_reason"] for row in aside} == {RULE} and len(aside) == 2 == done.votes
        versions = [r for r in stimulus_rows(study) if r["item"] == "s0" and r["condition"] == "social"]
        assert [(r["version"], r["clip_sha256"]) for r in versions] == [
            (1, done.old.clip.sha256), (2, done.new.clip.sha256)
        ]  # fmt: skip
        asked = {(r["contrast"], r["item"], r["treatment_version"]): r for r in comparison_rows(study, rehearsal=False)}
        item = done.new.item.speaker.key
        assert asked["social:random", item, 2]["valid"] == asked["social:random", item, 2]["target"] == 3
        told = [row["what"] for row in deviation_rows(study)]
        assert any(done.old.clip.sha256 in what and done.new.clip.sha256 in what for what in told)
        assert done.deviation.what.endswith("Reason: It froze.")


class TestWhatIsRefused:
    def test_each_with_a_sentence_and_nothing_changed(self, study, video, tmp_path):
        with pytest.raises(CannotReplace, match="pause it first"):
            replace(study, video)
        pause_study(study.pk, at=LATER)
        item = first_item(study)
        random = Stimulus.objects.get(item=item, condition="random").clip
        old = Stimulus.objects.get(item=item, condition="social").clip
        media = Path(settings.MEDIA_ROOT)
        refused = [
            ({"reason": " "}, "give a reason"),
            ({"condition": "true"}, "has no condition 'true': it shows"),
            ({"item": study.items.filter(kind="practice").first()}, "is a practice item"),
            ({"video": media / old.file}, "shows already"),
            ({"video": media / random.file}, "the same video on both sides"),
            ({"video": make_video(tmp_path / "short.mp4", frames=10)}, "bring a longer one"),
            ({"video": tmp_path / "none.mp4"}, "does not exist"),
            ({"person": item.speaker.person.key}, "nobody listens to themselves"),
        ]
        for given, why in refused:
            with pytest.raises(CannotReplace, match=why):
                replace(study, **({"video": video} | given))
        close_study(study.pk, at=LATER)
        with pytest.raises(CannotReplace, match="takes no further votes"):
            replace(study, video)
        assert not Deviation.objects.exists() and not Exclusion.objects.exists()
        assert not Comparison.objects.filter(treatment__version=2).exists()


class TestTheCommandAndThePage:
    def test_the_command_replaces_and_refuses_in_sentences(self, study, video, capsys, django_user_model):
        django_user_model.objects.create_user("ada")
        given = [study.key, first_item(study).speaker.key, "social", str(video), "--reason", "It froze."]
        with pytest.raises(CommandError, match="pause it first"):
            call_command("replace_stimulus", *given, "--user", "ada")
        pause_study(study.pk, at=LATER)
        with pytest.raises(CommandError, match="no account 'eve'"):
            call_command("replace_stimulus", *given, "--user", "eve")
        call_command("replace_stimulus", *given, "--user", "ada")
        assert "6 slots wanted anew on 2 new comparisons, 0 answers set aside" in capsys.readouterr().out
        assert Deviation.objects.get().who == "ada"

    def test_who_may_change_studies_replaces_on_the_page(self, client, study, video, researcher):  # noqa: F811
        address = f"/admin/studies/study/{study.pk}/replace/"
        assert b"pause it on" in client.get(address).content
        pause_study(study.pk, at=LATER)
        old = Stimulus.objects.get(item=first_item(study), condition="social")
        assert f'value="{old.pk}" selected' in client.get(f"{address}?stimulus={old.pk}").content.decode()
        page = client.post(address, {"stimulus": old.pk, "reason": "It froze."})
        assert b"This field is required" in page.content
        upload = SimpleUploadedFile("new.MP4", video.read_bytes())
        answer = client.post(address, {"stimulus": old.pk, "reason": "It froze.", "video": upload})
        assert answer.url == f"/admin/studies/study/{study.pk}/change/"
        assert (Stimulus.objects.get(version=2).item, Deviation.objects.get().who) == (old.item, "researcher")
        assert b"(replaced)" in client.get(answer.url).content

    def test_nobody_else_does(self, client, study, video, onlooker):  # noqa: F811
        pause_study(study.pk, at=LATER)
        address = f"/admin/studies/study/{study.pk}/replace/"
        assert client.get(address).status_code == client.post(address, {}).status_code == 403
