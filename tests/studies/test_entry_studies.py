"""Studies with entry questions: made, planned, translated and opened; consent revised while they run."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from analysis.bundle.tables import session_rows
from studies.entry_queries import entry_of
from studies.forms import NewStudyForm
from studies.models import ConsentVersion, Deviation, Session, Study
from studies.plans import registration_of
from studies.preregistration import preregistration
from studies.services.consenting import CannotRevise, revise_consent
from studies.services.entering import answer_entry, keep_entry_questions
from studies.services.launches import CannotLaunch, close_study, frozen_text, open_study
from studies.services.sessions import agree, start_session
from studies.services.translating import translate_study
from studies.text_files import text_or_file
from studies.texts import languages_offered, missing_texts, original_texts
from studies.translation_files import read_translation, translation_template
from tests.entered import ALL_ASKED, ENTRY_TOML, GROUP, SCREENER, groups
from tests.factories import START, make_clip, make_corpus, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


@pytest.fixture
def stimuli(tmp_path: Path) -> Path:
    corpus = make_corpus()
    make_clip(corpus, "s1", "speaker")
    for key in ("l1", "l2"):
        make_clip(corpus, key)
    (tmp_path / "stimuli.csv").write_text("item,condition,clip_key\ns1,a,l1\ns1,b,l2\n")
    (tmp_path / "entry.toml").write_text(ENTRY_TOML)
    return tmp_path / "stimuli.csv"


def create(stimuli: Path, *more: str) -> None:
    call_command("create_study", "s", "--corpus", "c", "--stimuli", str(stimuli), "--contrasts", "a:b", *more)


class TestMakingOne:
    def test_the_command_takes_questions_and_texts_from_files_or_as_they_stand(self, stimuli, tmp_path):
        (tmp_path / "warning.txt").write_text("Some clips tell of an illness.\r\n", encoding="utf-8-sig")
        (tmp_path / "consent.txt").write_text("I agree to this.")
        create(
            stimuli, "--entry", str(tmp_path / "entry.toml"), "--least-age", "16", "--support", "Call 111.",
            "--content-warning", str(tmp_path / "warning.txt"), "--debriefing", "It was about listening.",
            "--consent", str(tmp_path / "consent.txt"),
        )  # fmt: skip
        study = Study.objects.get()
        assert entry_of(study) == ALL_ASKED
        assert (study.least_age, study.content_warning) == (16, "Some clips tell of an illness.")
        assert (study.support, study.debriefing) == ("Call 111.", "It was about listening.")
        assert study.consent_versions.get().text == "I agree to this."

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--entry", "nothing.toml"], "nothing.toml cannot be read"),
            (["--support", "helpline.txt"], "--support: there is no file helpline.txt"),
            (["--consent", "nothing"], "nothing cannot be read"),
            (["--least-age", "16"], "The default consent text says 18 years"),
        ],
    )
    def test_what_does_not_fit_is_a_sentence_and_nothing_is_made(self, stimuli, options, said):
        with pytest.raises(CommandError, match=said):
            create(stimuli, *options)
        assert not Study.objects.exists()

    def test_a_text_of_many_words_is_no_name_of_a_file(self):
        assert text_or_file("See help.txt", option="--support") == "See help.txt"
        assert text_or_file("x" * 5000, option="--support") == "x" * 5000

    @pytest.mark.parametrize("content", [b"\xff\xfe", b" \n", b"a\x00b", b"x" * 100_001])
    def test_a_file_that_holds_no_words_is_a_sentence(self, tmp_path, content):
        (tmp_path / "t").write_bytes(content)
        with pytest.raises(ValueError, match=r"^t "):
            text_or_file(str(tmp_path / "t"), option="--support")

    def test_the_form_takes_the_same(self, stimuli):
        said = {
            "key": "s", "title": "S", "corpus": Study._meta.get_field("corpus").related_model.objects.get().pk,
            "contrasts": "a:b", "question": "Which?", "votes_per_comparison": 4, "short_listeners": "refuse", "seed": 0,
            "practice_pass_mark": 0, "retests_per_session": 0,
            "least_age": 16, "support": "Call\r\n111.", "consent": "I agree.",
        }  # fmt: skip
        files = {"stimuli": SimpleUploadedFile("stimuli.csv", stimuli.read_bytes())}
        bad = NewStudyForm(said, files | {"entry": SimpleUploadedFile("entry.toml", b"[[screeners]]")})
        assert "the file has 'screeners'" in bad.errors["entry"][0]
        files["stimuli"].seek(0)
        form = NewStudyForm(said, files | {"entry": SimpleUploadedFile("entry.toml", ENTRY_TOML.encode())})
        assert form.is_valid(), form.errors
        study = Study.objects.get()
        assert (entry_of(study), study.least_age, study.support) == (ALL_ASKED, 16, "Call\n111.")


def test_the_study_s_page_shows_what_is_asked_and_agreed_to(admin_client):
    study = make_study(items=1, contrasts=("a:b",), with_consent=True)
    keep_entry_questions(study, ALL_ASKED)
    page = admin_client.get(f"/admin/studies/study/{study.pk}/change/").content.decode()
    assert "As well as a first language (goes on); Well (goes on); A little (does not)" in page
    assert "18 to 39 (2); 40 or older (1); I would rather not say (any number)" in page
    assert "Version 1, SHA-256" in page
    assert 'name="content_warning"' in page
    open_study(study.pk, at=START)
    page = admin_client.get(f"/admin/studies/study/{study.pk}/change/").content.decode()
    assert 'name="content_warning"' not in page
    start_session(study.pk, at=START)
    session = admin_client.get(f"/admin/studies/session/{Session.objects.get().pk}/change/").content.decode()
    assert "Screened out why" in session


class TestPlanning:
    def test_the_plan_holds_what_is_asked_and_keeps_its_bytes_without(self):
        study = make_study(items=1, contrasts=("a:b",))
        before = frozen_text(study)
        keep_entry_questions(study, ALL_ASKED)
        study.least_age, study.debriefing = 18, "It was about listening."
        plan = json.loads(frozen_text(study))
        assert [asked["key"] for asked in plan["entry"]] == ["english", "age-group", "task"]
        assert plan["entry"][1]["options"][0] == {"key": "younger", "text": "18 to 39", "places": 2}
        assert (plan["least_age"], plan["debriefing"]) == (18, "It was about listening.")
        assert "support" not in plan
        study.entry_questions.all().delete()
        study.least_age, study.debriefing = None, ""
        assert frozen_text(study) == before

    def test_the_registration_says_who_takes_part_and_how_many_of_whom(self):
        study = make_study(items=1, contrasts=("a:b",))
        keep_entry_questions(study, ALL_ASKED)
        study.least_age = 18
        told = preregistration(registration_of(study))
        assert "Evaluators confirm that they are 18 or older. Evaluators take part who answer" in told
        assert '"How well do you follow spoken English?" with: As well as a first language; Well.' in told
        assert "18 to 39 (2), 40 or older (1), I would rather not say (any number)." in told
        assert "more appropriately to what is said, in 2 tries." in told

    @pytest.mark.parametrize(("places", "opens"), [
        ({"a": 1, "b": 1}, False), ({"a": 1, "b": 2}, True), ({"a": 9, "b": 9}, True), ({"a": 1, "b": None}, True),
    ])  # fmt: skip
    def test_too_few_places_keep_a_study_from_opening(self, places, opens):
        study = make_study(items=2, contrasts=("a:b",), votes_per_comparison=3)
        keep_entry_questions(study, groups(**places))
        if opens:
            open_study(study.pk, at=START)
        else:
            with pytest.raises(CannotLaunch, match="needs 3 sessions of 2 trials, and its groups have 2 places"):
                open_study(study.pk, at=START)


def test_a_consent_text_with_marks_of_the_template_keeps_a_study_from_opening(settings):
    study = make_study(items=1, contrasts=("a:b",))
    template = (settings.BASE_DIR / "docs" / "consent-template.md").read_text()
    text = template.split("```text\n")[1].split("```")[0]
    revise_consent(study.pk, {"en": text}, reason="", by=None, at=START)
    with pytest.raises(CannotLaunch, match="still says"):
        open_study(study.pk, at=START)
    revise_consent(study.pk, {"en": text.replace("[FILL IN:", "(")}, reason="", by=None, at=START)
    open_study(study.pk, at=START)


class TestTranslating:
    def test_all_that_evaluators_read_can_be_translated_by_a_file(self, tmp_path):
        study = make_study(items=1, contrasts=("a:b",), with_consent=True)
        keep_entry_questions(study, (SCREENER, GROUP))
        Study.objects.update(content_warning="Illness.", support="Call 111.", debriefing="Listening.")
        study.refresh_from_db()
        fields = set(original_texts(study))
        assert fields >= {
            "content_warning", "support", "debriefing", "entry:english", "entry_option:english:well",
            "entry_explanation:english", "entry:age-group", "entry_option:age-group:older",
        }  # fmt: skip
        assert "entry_explanation:age-group" not in fields, "nothing is written there"
        german = {field: f"{text} (de)" for field, text in original_texts(study).items()}
        file = tmp_path / "de.toml"
        file.write_text(translation_template(original_texts(study), there=german))
        assert read_translation(file, originals=original_texts(study)) == german
        translate_study(study.pk, "de", german, at=START)
        assert (missing_texts(study, "de"), languages_offered(study)) == ([], ["en", "de"])


class TestConsent:
    @pytest.fixture
    def study(self) -> Study:
        study = make_study(items=1, contrasts=("a:b",), with_consent=True)
        translate_study(study.pk, "de", dict.fromkeys(original_texts(study), "Deutsch"), at=START)
        return open_study(study.pk, at=START)

    def test_a_new_text_in_every_language_is_a_version_and_a_deviation(self, study):
        session = start_session(study.pk, at=START)
        agree(session.pk, version=1, at=START)
        texts = {"en": "I agree to more.", "de": "Ich möchte mehr."}
        made = revise_consent(study.pk, texts, reason="The board asked.", by=None, at=START)
        assert (made.version, made.language, made.text) == (2, "en", "I agree to more.")
        assert ConsentVersion.objects.filter(version=2).count() == 2
        told = "Consent text: version 2 takes the place of 1 (de, en). Reason: The board asked."
        assert Deviation.objects.get().what == told
        assert Session.objects.get().consents.get().version.version == 1, "what was agreed to then stays"

    @pytest.mark.parametrize(
        ("texts", "reason", "said"),
        [
            ({"en": "More."}, "r", "offered in en, de, and there is no text for de"),
            ({"en": "More.", "de": " "}, "r", "There is no word in the text for 'de'"),
            ({"en": "More.", "de": "Mehr.", "fr": "Plus."}, "r", "pages are not in fr"),
            ({"en": "More.", "de": "Mehr."}, " ", "give a reason"),
            ({"en": "I agree.", "de": "Deutsch"}, "r", "word for word"),
            ({"en": "x" * 10_001, "de": "Mehr."}, "r", "has 10001 characters"),
        ],
    )
    def test_what_does_not_fit_changes_nothing(self, study, texts, reason, said):
        with pytest.raises(CannotRevise, match=said):
            revise_consent(study.pk, texts, reason=reason, by=None, at=START)
        close_study(study.pk, at=START)
        with pytest.raises(CannotRevise, match="is closed"):
            revise_consent(study.pk, {"en": "More.", "de": "Mehr."}, reason="r", by=None, at=START)
        assert (ConsentVersion.objects.count(), Deviation.objects.count()) == (2, 0)

    def test_the_command_writes_and_lists_versions(self, study, tmp_path, capsys, django_user_model):
        django_user_model.objects.create_user("ada")
        for language in ("en", "de"):
            (tmp_path / language).write_text(f"More ({language}).")
        texts = [f"de={tmp_path / 'de'}", str(tmp_path / "en")]
        call_command("revise_consent", "s", text=texts, reason="The board asked.", user="ada")
        told = capsys.readouterr().out
        assert "Version 2 is in force" in told
        assert Deviation.objects.get().who == "ada"
        assert told.count("version 1") == told.count("version 2") == 2
        with pytest.raises(CommandError, match="There are two texts for 'en'"):
            call_command("revise_consent", "s", text=[texts[1], f"en={texts[1]}"], reason="r")


def test_the_exports_hold_what_was_answered_and_why_it_ended():
    study = make_study(items=2, contrasts=("a:b",), with_consent=True)
    keep_entry_questions(study, ALL_ASKED)
    open_study(study.pk, at=START)
    for english in ("well", "little"):
        session = start_session(study.pk, at=START)
        agree(session.pk, version=1, at=START)
        answer_entry(session.pk, {"english": english, "age-group": "older"}, tries=0, at=START)
    rows = list(session_rows(study, with_rehearsal=False))
    told = [(row["entry_answers"], row["group"], row["screened_out_why"]) for row in rows]
    assert told == [
        ("english=well; age-group=older", "older", ""), ("english=little; age-group=older", "older", "english"),
    ]  # fmt: skip
    assert [row["screened_out_at"] is None for row in rows] == [True, False]
