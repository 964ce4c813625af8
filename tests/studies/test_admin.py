"""The researcher's side: who may look, who may act, and a study made from an uploaded manifest."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from retrieval.models import Clip, Job
from studies.models import Session, Study
from studies.queries import asking_of
from studies.services.launches import open_study
from studies.services.sessions import start_session
from tests.asked import ALL_FORMS, ALL_FORMS_TOML
from tests.factories import make_clip, make_corpus, make_study
from tests.playable import make_playable_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def researcher(client, django_user_model):
    user = django_user_model.objects.create_superuser("researcher")
    client.force_login(user)
    return user


@pytest.fixture
def onlooker(client, django_user_model):
    """Staff who may view studies and clips, and nothing else."""
    user = django_user_model.objects.create_user("onlooker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_study", "view_clip"]))
    client.force_login(user)
    return user


def test_strangers_are_asked_to_sign_in(client):
    study = make_study()
    for address in ("", f"{study.pk}/change/", f"{study.pk}/progress/", f"{study.pk}/to/open/"):
        response = client.get(f"/admin/studies/study/{address}")
        assert response.status_code == 302
        assert "/login/" in response["Location"]


def test_an_onlooker_sees_progress_and_may_not_open(client, onlooker):
    study = make_study()
    assert client.get(f"/admin/studies/study/{study.pk}/progress/").status_code == 200
    assert client.post(f"/admin/studies/study/{study.pk}/to/open/").status_code == 403
    assert client.get("/admin/studies/study/add/").status_code == 403
    study.refresh_from_db()
    assert study.state == "draft"


def test_a_study_is_opened_paused_and_closed_by_buttons(client, researcher):
    study = make_study()
    for step, state in [("open", "open"), ("pause", "paused"), ("open", "open"), ("close", "closed")]:
        assert client.get(f"/admin/studies/study/{study.pk}/to/{step}/").status_code == 403
        assert client.post(f"/admin/studies/study/{study.pk}/to/{step}/").status_code == 302
        study.refresh_from_db()
        assert study.state == state
    assert client.post(f"/admin/studies/study/{study.pk}/to/nowhere/").status_code == 404


def test_what_keeps_a_study_from_opening_is_said(client, researcher):
    study = make_study()
    study.stimuli.update(rendition=None)
    response = client.post(f"/admin/studies/study/{study.pk}/to/open/", follow=True)
    assert "not prepared yet" in response.content.decode()
    study.refresh_from_db()
    assert study.state == "draft"


def test_preparing_is_a_job_for_a_worker(client, researcher, django_capture_on_commit_callbacks, broker_url, settings):
    settings.CELERY_BROKER_URL = broker_url
    study = make_study()
    study.stimuli.update(rendition=None)
    with django_capture_on_commit_callbacks() as sent:
        client.post(f"/admin/studies/study/{study.pk}/to/prepare/")
    assert len(sent) == 1
    job = Job.objects.get()
    assert (job.kind, job.arguments, job.state) == ("prepare_study", {"study_id": study.pk}, "queued")


def test_progress_names_every_figure(client, researcher):
    study = open_study(make_study(items=2, contrasts=("a:b",), votes_per_comparison=2).pk, at=timezone.now())
    page = " ".join(client.get(f"/admin/studies/study/{study.pk}/progress/").content.decode().split())
    assert "<strong>0 of 4 votes</strong>, 0 being answered, short by 4; at least 2 further sessions needed" in page


def form_for(corpus, manifest: str) -> dict:
    return {
        "key": "new", "title": "New", "corpus": corpus.pk, "contrasts": "a:b", "question": "Which?",
        "votes_per_comparison": 2, "short_listeners": "refuse", "seed": 0,
        "stimuli": SimpleUploadedFile("stimuli.csv", manifest.encode()),
    }  # fmt: skip


def test_a_study_is_made_from_an_uploaded_manifest(client, researcher):
    corpus = make_corpus()
    make_clip(corpus, "speaker", "speaker")
    make_clip(corpus, "one")
    make_clip(corpus, "two")
    manifest = "item,condition,clip_key\nspeaker,a,one\nspeaker,b,two\n"
    response = client.post("/admin/studies/study/add/", form_for(corpus, manifest))
    study = Study.objects.get(key="new")
    assert response.status_code == 302
    assert (study.owner, study.trials_per_session, study.stimuli.count()) == (researcher, 1, 2)


def test_a_study_takes_a_file_of_questions_and_says_what_does_not_fit(client, researcher):
    corpus = make_corpus()
    make_clip(corpus, "speaker", "speaker")
    make_clip(corpus, "one")
    make_clip(corpus, "two")
    manifest = "item,condition,clip_key\nspeaker,a,one\nspeaker,b,two\n"
    wrong = {"questions": SimpleUploadedFile("questions.toml", b"asks_when = 1")}
    page = client.post("/admin/studies/study/add/", form_for(corpus, manifest) | wrong).content.decode()
    assert "questions.toml: asks_when is true or false" in page
    assert not Study.objects.exists()
    right = {"questions": SimpleUploadedFile("questions.toml", ALL_FORMS_TOML.encode())}
    assert client.post("/admin/studies/study/add/", form_for(corpus, manifest) | right).status_code == 302
    study = Study.objects.get()
    assert asking_of(study) == ALL_FORMS
    page = client.get(f"/admin/studies/study/{study.pk}/change/").content.decode()
    assert all(f": {text}" in page for text in ("The face", "The timing", "Something else"))


def test_every_problem_of_an_uploaded_manifest_is_shown_and_nothing_made(client, researcher):
    corpus = make_corpus()
    make_clip(corpus, "speaker", "speaker")
    manifest = "item,condition,clip_key\nspeaker,a,nobody\nspeaker,b,<script>\n"
    page = client.post("/admin/studies/study/add/", form_for(corpus, manifest)).content.decode()
    assert "line 2" in page
    assert "line 3" in page
    assert "<script>'" not in page
    assert not Study.objects.exists()


def test_a_clip_plays_in_the_admin_for_those_who_may_see_it(client, onlooker):
    make_playable_study()
    clip = Clip.objects.first()
    address = f"/admin/retrieval/clip/{clip.pk}/video/"
    assert address in client.get(f"/admin/retrieval/clip/{clip.pk}/change/").content.decode()
    response = client.get(address, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response["Content-Length"]) == (206, "10")
    onlooker.user_permissions.clear()
    assert client.get(address).status_code == 403


def test_the_admin_never_shows_a_sessions_token(client, researcher):
    study = open_study(make_study().pk, at=timezone.now())
    session = start_session(study.pk, at=timezone.now())
    for address in ("", f"{session.pk}/change/"):
        page = client.get(f"/admin/studies/session/{address}").content.decode()
        assert session.pseudonym in page
        assert session.token not in page
    assert Session.objects.count() == 1


@pytest.mark.parametrize("studies", [1, 3])
def test_the_list_of_studies_takes_the_same_queries_a_study(client, researcher, studies, django_assert_max_num_queries):
    for number in range(studies):
        make_study(key=f"s{number}")
    with django_assert_max_num_queries(12 + 8 * studies):
        assert client.get("/admin/studies/study/").status_code == 200


def test_a_draft_is_deleted_whole_and_an_opened_study_is_not(client, researcher):
    study = make_study()
    assert client.post(f"/admin/studies/study/{study.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Study.objects.exists()
    assert Clip.objects.exists()
    opened = open_study(make_study(key="opened").pk, at=timezone.now())
    assert client.post(f"/admin/studies/study/{opened.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Study.objects.get() == opened


def test_a_held_stimulus_is_released_by_an_action(client, researcher):
    study = open_study(make_study().pk, at=timezone.now())
    held = study.stimuli.first()
    study.stimuli.filter(pk=held.pk).update(held_at=timezone.now(), held_reason="It failed.")
    assert "It failed." in client.get(f"/admin/studies/study/{study.pk}/progress/").content.decode()
    client.post("/admin/studies/stimulus/", {"action": "release", "_selected_action": [held.pk]})
    held.refresh_from_db()
    assert held.held_at is None


@pytest.mark.parametrize("rules", ["5", '{"a": 1}', '"failed_catch"', '["surplus"]', '["a", "a"]', '[""]'])
def test_rules_of_a_plan_that_are_no_list_of_names_are_refused(client, researcher, rules):
    study = make_study(contrasts=("a:b",))
    form = {
        "title": "T", "introduction": "", "instructions": "", "plan-TOTAL_FORMS": 1, "plan-INITIAL_FORMS": 1,
        "plan-0-id": study.plan.pk, "plan-0-study": study.pk, "plan-0-hypotheses": "", "plan-0-exclusion_rules": rules,
        "contrasts-TOTAL_FORMS": 0, "contrasts-INITIAL_FORMS": 0, "questions-TOTAL_FORMS": 0,
        "questions-INITIAL_FORMS": 0,
    }  # fmt: skip
    response = client.post(f"/admin/studies/study/{study.pk}/change/", form)
    assert response.status_code == 200
    study.plan.refresh_from_db()
    assert study.plan.exclusion_rules == ["failed_catch"]
