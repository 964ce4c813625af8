"""The pages around the trials, without a line of script: what they say, and what a form that is half sent keeps."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from studies.models import Note, Session, Study
from studies.services.consenting import revise_consent
from studies.services.entering import keep_entry_questions
from studies.services.launches import open_study
from studies.services.sessions import begin_trials
from tests.entered import ALL_ASKED, COMPREHENSION, SCREENER, groups
from tests.factories import make_study

pytestmark = pytest.mark.django_db
AGREED = {"agree": "yes", "version": "1", "language": "en"}
WARNED = {
    "content_warning": "Somebody is ill.", "support": "Call 111.", "debriefing": "It was about\n\nlistening.",
}  # fmt: skip


def opened(*asked, **fields) -> Study:
    study = make_study(items=1, contrasts=("a:b",), votes_per_comparison=2, with_consent=True)
    Study.objects.update(checks_devices=False, **fields)
    keep_entry_questions(study, asked)
    return open_study(study.pk, at=timezone.now())


def arrive(client) -> str:
    return client.post("/study/s/").url


def words(response) -> str:
    """The page without its tags; spaces are single."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[1]).split())


def test_a_warning_and_where_to_turn_stand_before_consent(client):
    opened(**WARNED)
    landing = client.get("/study/s/")
    consent = client.get(arrive(client))
    for page in (landing, consent):
        assert "Before you go on: what you may see Somebody is ill." in words(page)
        assert words(page).endswith("If something troubles you Call 111.")
    client.post(f"{consent.request['PATH_INFO']}consent", AGREED)
    assert "Call 111." in words(client.get(consent.request["PATH_INFO"]))


def test_a_study_without_them_says_nothing_of_it(client):
    opened()
    assert "what you may see" not in words(client.get("/study/s/"))
    assert "years old" not in words(client.get(arrive(client)))


@pytest.mark.parametrize(
    ("sent", "kept", "status"),
    [
        ({}, [], 422), ({"agree": ""}, [], 422), ({"age": "21"}, ["age"], 422), ({"agree": "yes"}, ["agree"], 422),
        ({"agree": "yes", "age": "20"}, ["agree"], 422), ({"agree": "yes", "age": "x" * 99}, ["agree"], 422),
        ({"agree": "yes", "age": "21"}, [], 303),
    ],
)  # fmt: skip
def test_without_both_ticks_nothing_is_agreed_and_the_ticks_are_kept(client, sent, kept, status):
    opened(least_age=21)
    address = arrive(client)
    response = client.post(f"{address}consent", {"version": "1", "language": "en"} | sent)
    assert response.status_code == status
    assert Session.objects.get().consents.exists() == (status == 303)
    if status == 422:
        page = response.content.decode()
        assert "Not everything is ticked yet" in page
        assert re.findall(r'name="(agree|age)"[^>]* checked', page) == kept


def test_a_tick_for_a_text_that_has_changed_meanwhile_is_not_kept(client):
    study = opened(least_age=21)
    address = arrive(client)
    revise_consent(study.pk, {"en": "I agree to more."}, reason="r", by=None, at=timezone.now())
    assert client.post(f"{address}consent", AGREED).status_code == 303
    page = client.get(address).content.decode()
    assert "I agree to more." in page
    assert " checked" not in page


def test_a_text_that_has_changed_is_said_to_have_changed(client):
    study = opened()
    address = arrive(client)
    client.post(f"{address}consent", AGREED)
    revise_consent(study.pk, {"en": "I agree to more."}, reason="r", by=None, at=timezone.now())
    page = words(client.get(address))
    assert "The text has changed" in page
    assert "I agree to more." in page
    client.post(f"{address}consent", AGREED | {"version": "2"})
    assert "What you will do" in words(client.get(address))


def test_who_has_worked_and_does_not_agree_to_another_text_ends_with_the_code(client):
    study = opened()
    address = arrive(client)
    client.post(f"{address}consent", AGREED)
    trial = begin_trials(Session.objects.get().pk, at=timezone.now() - timedelta(minutes=1)).assignment
    client.post(f"{address}consent", {"decline": "yes"})
    assert Session.objects.get().finished_at is None, "there is no text to decline"
    trial.__class__.objects.filter(pk=trial.pk).update(state="answered")
    revise_consent(study.pk, {"en": "I agree to more."}, reason="r", by=None, at=timezone.now())
    assert "I do not agree: end here" in words(client.get(address))
    client.post(f"{address}consent", {"decline": "yes"})
    assert Session.objects.get().completion_code in words(client.get(address))
    assert not Session.objects.get().assignments.filter(state="live").exists()


class TestQuestions:
    def enter(self, client, *asked, **fields) -> str:
        opened(*asked, **fields)
        address = arrive(client)
        client.post(f"{address}consent", AGREED)
        return address

    def test_what_is_missing_is_said_and_what_was_chosen_is_kept(self, client):
        address = self.enter(client, *ALL_ASKED)
        page = client.get(address).content.decode()
        assert 'data-stage="entry"' in page
        assert COMPREHENSION.text not in page, "the task is asked about once it was described"
        response = client.post(f"{address}entry", {"tries": "0", "q-english": "well"})
        page = response.content.decode()
        assert response.status_code == 422
        assert re.findall(r'value="(\w+)" required checked', page) == ["well"]
        assert '<a href="#q-age-group">How old are you?</a>' in page
        assert page.count("Please choose an answer.") == 1
        assert client.post(f"{address}entry", {"tries": "x", "q-english": "<b>", "other": "1"}).status_code == 422
        client.post(f"{address}entry", {"tries": "0", "q-english": "well", "q-age-group": "unsaid"})
        assert "What you will do" in words(client.get(address))
        assert client.post(f"{address}entry", {}).status_code == 303

    def test_who_may_not_take_part_is_told_why_and_how_it_is_with_pay(self, client):
        address = self.enter(client, SCREENER, **WARNED)
        client.post(f"{address}entry", {"tries": "0", "q-english": "little"})
        page = client.get(address)
        told = words(page)
        assert (page.status_code, 'data-stage="screened_out"' in page.content.decode()) == (200, True)
        assert SCREENER.explanation in told
        assert "This is nothing against you" in told
        assert "If you were promised a payment" in told
        assert Session.objects.get().completion_code not in told, "nobody completes who did not take part"
        assert "It was about" not in told, "what a study is about is told to those who took part"

    def test_a_wrong_answer_about_the_task_is_explained_once(self, client):
        address = self.enter(client, COMPREHENSION)
        client.post(f"{address}begin")
        assert COMPREHENSION.explanation not in words(client.get(address))
        client.post(f"{address}entry", {"tries": "0", "q-task": "likes"})
        page = words(client.get(address))
        assert COMPREHENSION.explanation in page
        assert "it is the last try" in page
        client.post(f"{address}entry", {"tries": "1", "q-task": "likes"})
        last = words(client.get(address))
        assert "A question about the task was answered in another way" in last
        assert "If you were promised a payment" in last

    def test_of_a_full_group_it_is_said_that_it_is_the_group(self, client):
        address = self.enter(client, *groups(left=1, right=1))
        client.post(f"{address}entry", {"tries": "0", "q-hand": "left"})
        other = arrive(client)
        client.post(f"{other}consent", AGREED)
        client.post(f"{other}entry", {"tries": "0", "q-hand": "left"})
        assert 'data-stage="waiting"' in client.get(other).content.decode()
        Session.objects.get(token=address.split("/")[2]).assignments.update(state="answered")
        assert "As many people of your group as the study needs" in words(client.get(other))


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "no-such"])
def test_another_encoding_than_utf_8_carries_nothing_that_cannot_be_kept(client, charset):
    opened()
    address = arrive(client)
    kind = f"multipart/form-data; boundary=B; charset={charset}"
    for path, name in (("/withdraw/", "code"), (f"{address}note", "text")):
        body = f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\na\\ud800b\r\n--B--\r\n'
        assert client.generic("POST", path, body, content_type=kind).status_code in (303, 404)
    assert Note.objects.get().text == "a\\ud800b"


def test_what_the_study_was_about_is_told_at_its_end(client):
    opened(**WARNED)
    address = arrive(client)
    client.post(f"{address}consent", AGREED)
    begin_trials(Session.objects.get().pk, at=timezone.now() - timedelta(minutes=1))
    assert "What this study is about" not in client.get(address).content.decode()
    Session.objects.update(finished_at=timezone.now())
    page = words(client.get(address))
    assert "What this study is about It was about listening." in page
    assert Session.objects.get().completion_code in page


def test_words_of_researchers_are_words_and_no_markup(client):
    opened(replace(SCREENER, text="<i>How</i>?", explanation="<b>Why</b>"), content_warning="<script>1</script>")
    assert "<script>1" not in client.get("/study/s/").content.decode()
    address = arrive(client)
    client.post(f"{address}consent", AGREED)
    assert "&lt;i&gt;How" in client.get(address).content.decode()
    client.post(f"{address}entry", {"tries": "0", "q-english": "little"})
    assert "&lt;b&gt;Why" in client.get(address).content.decode()
