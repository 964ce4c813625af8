"""A person is taken down: nothing of them is shown from that moment on, and what was answered stays."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from retrieval.models import Clip, Person
from retrieval.queries import bank_of
from studies.models import Rendition, Slot, Stimulus, Study, TakeDown, Vote
from studies.queries import study_progress
from studies.services.exclusions import exclude_votes
from studies.services.launches import launch_problems, open_study
from studies.services.preparing import prepare_study
from studies.services.rehearsals import rehearse_study
from studies.services.releases import CannotRelease, release_stimulus
from studies.services.sessions import Stage, agree, begin_trials, resume, start_session
from studies.services.takedowns import TAKEN_DOWN, CannotTakeDown, delete_files, take_down
from tests.factories import START, make_clip, make_study
from tests.playable import let_videos_end, make_playable_study
from tests.studies.invariants import check_study

from .test_checks import Taking
from .test_curation_page import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


def small(**fields) -> Study:
    return make_study(items=3, contrasts=("social:random",), votes_per_comparison=2, **fields)


@pytest.fixture
def study() -> Study:
    return open_study(small(practice=1, catch=1).pk, at=START)


def listener_of(stimulus: Stimulus) -> Person:
    return stimulus.clip.person


class TestOpenStudies:
    @pytest.mark.parametrize("role", ["listener", "speaker"])
    def test_trials_end_slots_close_and_nobody_is_given_them_again(self, study, role):
        taking = Taking(study)
        taking.answer()  # practice
        shown = taking.trial
        person = shown.left.clip.person if role == "listener" else shown.item.speaker.person
        record = take_down(person.pk, reason="asked by mail", at=taking.at)
        assert (record.studies, record.trials_ended, record.slots_closed) == ([study.key], 1, 2)
        shown.refresh_from_db()
        assert shown.state == "expired"
        assert {slot.closed_reason for slot in shown.slot.comparison.slots.all()} == {"stimulus held"}
        taking.place = resume(taking.session.pk, at=taking.at)
        taking.answer_all()
        other = Taking(study, "p2").answer_all()
        assert shown.item not in [trial.item for trial in [*taking.seen, *other.seen]]
        assert other.place.stage == Stage.THANKS
        check_study(study)
        figures = study_progress(study)
        assert (figures.target, figures.valid, figures.short_by, figures.closed) == (4, 4, 0, 2)

    def test_votes_that_were_given_stay_and_count(self, study):
        taking = Taking(study).answer_all()
        answered = Vote.objects.filter(assignment__kind="main").order_by("pk").first().assignment
        take_down(listener_of(answered.left).pk, reason="asked", at=taking.at)
        assert Vote.objects.filter(assignment=answered).exists()
        assert study_progress(study).valid == 3
        check_study(study)

    def test_practice_and_checks_that_show_them_are_not_dealt_any_more(self, study):
        for kind in ("practice", "catch"):
            item = study.items.get(kind=kind)
            take_down(listener_of(item.stimuli.first()).pk, reason="asked", at=START)
        assert {trial.kind for trial in Taking(study).answer_all().seen} == {"main"}

    def test_a_check_that_is_waiting_is_not_shown(self, study):
        taking = Taking(study)
        catch = taking.session.assignments.get(kind="catch")
        take_down(listener_of(catch.right).pk, reason="asked", at=START)
        assert "catch" not in [trial.kind for trial in taking.answer_all().seen]

    def test_what_is_held_so_is_not_released(self, study):
        stimulus = study.stimuli.first()
        take_down(listener_of(stimulus).pk, reason="asked", at=START)
        stimulus.refresh_from_db()
        assert stimulus.held_reason == TAKEN_DOWN
        with pytest.raises(CannotRelease, match="taken down"):
            release_stimulus(stimulus.pk, at=START)

    def test_a_rehearsal_of_it_still_runs(self, study):
        take_down(listener_of(study.stimuli.first()).pk, reason="asked", at=START)
        rehearse_study(study.pk, at=START, evaluators=2, seed=1)
        check_study(study, rehearsal=True)


def test_over_http_the_trial_that_shows_them_goes_dark_and_the_next_one_comes(client, media_folder):
    study = make_playable_study()
    session = start_session(study.pk, at=timezone.now())
    page = f"/s/{session.token}/"
    agree(session.pk, version=1, at=timezone.now())
    begin_trials(session.pk, at=timezone.now())
    for trial in session.assignments.filter(kind="practice"):
        trial.state = "answered"
        trial.save()
    shown = resume(session.pk, at=timezone.now()).assignment
    media = client.get(page).context["page"].trial["media"]
    assert client.get(media["left"]).status_code == 200
    take_down(shown.left.clip.person_id, reason="asked", at=timezone.now())
    assert client.get(media["left"]).status_code == 410
    let_videos_end(session.token)
    following = client.get(page).context["page"].trial
    assert following["assignment"] != str(shown.key)
    assert client.get(following["media"]["left"]).status_code == 200


def test_a_drafts_stimuli_become_problems_and_candidates_leave_the_corpus():
    study = small()
    stimulus = study.stimuli.first()
    take_down(listener_of(stimulus).pk, reason="asked", at=START)
    assert any(stimulus.clip.key in problem and "taken down" in problem for problem in launch_problems(study))
    assert stimulus.clip not in bank_of(study.corpus)


def test_the_plans_ledger_says_how_much_ended_and_not_who(study):
    take_down(listener_of(study.stimuli.get(item__position=0, condition="social")).pk, reason="asked", at=START)
    assert [row.what for row in study.deviations.all()] == [
        "Someone seen in its videos was taken down: 0 trial(s) ended, 2 slot(s) that nobody had answered closed."
    ]


class TestFiles:
    @pytest.fixture
    def kept(self, media_folder) -> Person:
        study = make_playable_study()
        return listener_of(study.stimuli.order_by("pk").first())

    def files_of(self, person) -> list[Path]:
        rows = [*Clip.objects.filter(person=person), *Rendition.objects.filter(clip__person=person)]
        return [Path(settings.MEDIA_ROOT) / row.file for row in rows]

    def test_they_stay_until_it_is_asked_for_and_others_keep_theirs(self, kept, capsys):
        others = [path for person in Person.objects.exclude(pk=kept.pk) for path in self.files_of(person)]
        call_command("take_down", kept.corpus.key, kept.key, reason="asked")
        assert "still there" in capsys.readouterr().out
        assert all(path.is_file() for path in self.files_of(kept))
        call_command("take_down", kept.corpus.key, kept.key, "--delete-files")
        assert "are deleted" in capsys.readouterr().out
        assert len(self.files_of(kept)) >= 2
        assert not any(path.exists() for path in self.files_of(kept))
        assert all(path.is_file() for path in others)

    def test_a_video_that_is_somebody_elses_too_stays(self, kept):
        own = Clip.objects.filter(person=kept).first()
        make_clip(own.corpus, "same", person_key="another", file=own.file)
        delete_files(take_down(kept.pk, reason="asked", at=START).pk, at=START)
        assert (Path(settings.MEDIA_ROOT) / own.file).is_file()


def test_who_is_taken_down_while_a_draft_is_prepared_is_not_prepared(media_folder):
    study = make_playable_study()
    Study.objects.update(state="draft")
    person = listener_of(study.stimuli.order_by("pk").last())
    Stimulus.objects.update(rendition=None)
    Rendition.objects.all().delete()

    def taken_down_meanwhile(done: int, total: int) -> None:
        if not TakeDown.objects.exists():
            take_down(person.pk, reason="asked", at=START)

    prepared = prepare_study(study.pk, at=START, progress=taken_down_meanwhile)
    assert any("taken down" in problem for problem in prepared.problems)
    assert any("taken down" in problem for problem in launch_problems(study))
    assert not Rendition.objects.filter(clip__person=person).exists()


def test_who_comes_when_all_are_taken_down_is_not_told_of_a_repair(study, client):
    for stimulus in study.stimuli.all():
        if not TakeDown.objects.filter(person_key=listener_of(stimulus).key).exists():
            take_down(listener_of(stimulus).pk, reason="asked", at=START)
    page = client.get("/study/s/")
    assert (page.status_code, b"being repaired" in page.content) == (410, False)


def test_what_a_rule_sets_aside_and_cannot_come_again_is_wanted_no_more(study):
    taking = Taking(study).answer_all()
    answered = Vote.objects.filter(assignment__kind="main").order_by("pk").first().assignment
    take_down(listener_of(answered.left).pk, reason="asked", at=taking.at)
    exclude_votes(study.pk, assignments=[answered], rule="failed_catch", reason="test", at=taking.at)
    figures = study_progress(study)
    row = next(row for row in figures.comparisons if row.comparison.item == answered.item)
    assert (row.target, row.valid, figures.valid, figures.closed) == (0, 0, 2, 2)


class TestAdmin:
    ADD = "/admin/studies/takedown/add/"

    def given(self, person, **fields):
        return {"corpus": person.corpus_id, "person_key": person.key, "reason": "asked", **fields}

    def test_adding_a_record_takes_the_person_down(self, client, django_user_model, study):
        person = listener_of(study.stimuli.first())
        user = sign_in(client, django_user_model, "add_takedown", "view_takedown")
        reply = client.post(self.ADD, self.given(person), follow=True)
        record = TakeDown.objects.get()
        assert (record.person_key, record.by, record.slots_closed) == (person.key, user, 2)
        person.refresh_from_db()
        assert person.taken_down_at is not None
        assert "2 slot(s) closed" in reply.content.decode()
        assert client.get(f"/admin/studies/takedown/{record.pk}/change/").status_code == 200

    def test_who_may_not_is_refused(self, client, django_user_model, study):
        person = listener_of(study.stimuli.first())
        sign_in(client, django_user_model, "change_study", "view_takedown")
        assert client.get(self.ADD).status_code == 403
        assert client.post(self.ADD, self.given(person)).status_code == 403
        assert not TakeDown.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "said"),
        [({"person_key": "<b>no"}, "has nobody called"), ({"reason": " "}, "This field is required"), ({}, "already")],
    )
    def test_what_cannot_be_is_said_beside_the_field(self, client, django_user_model, study, fields, said):
        person = listener_of(study.stimuli.first())
        sign_in(client, django_user_model, "add_takedown")
        if not fields:
            take_down(person.pk, reason="asked", at=START)
        page = client.post(self.ADD, self.given(person, **fields))
        assert page.status_code == 200
        assert said in page.content.decode() and "<b>no" not in page.content.decode()


def test_the_command_says_what_it_ended_and_refuses_in_sentences(study, capsys):
    person = listener_of(study.stimuli.first())
    call_command("take_down", person.corpus.key, person.key, reason="asked")
    assert "2 slot(s) closed; studies that showed them: s" in capsys.readouterr().out
    for options, said in [
        ((person.corpus.key, person.key, "again"), "was taken down before"), (("c", "nobody", "x"), "nobody called"),
    ]:  # fmt: skip
        with pytest.raises(CommandError, match=said):
            call_command("take_down", *options[:2], reason=options[2])
    with pytest.raises(CannotTakeDown, match="Say why"):
        take_down(listener_of(study.stimuli.last()).pk, reason=" ", at=START)
    assert TakeDown.objects.get().person_key == person.key
    assert Slot.objects.filter(closed_at__isnull=False).count() == 2
