"""Who arrives by a platform's link, what the platform says of them afterwards, and what their places become."""

import json
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from studies.models import (
    Choice,
    Evaluator,
    ListedAs,
    PlatformEvent,
    Recruitment,
    Session,
    Study,
    Submission,
    SubmissionStatus,
)
from studies.platforms.protocol import Arrival, NotThisWay, Word
from studies.queries import free_slots
from studies.services.launches import open_study, pause_study
from studies.services.listing import list_evaluators
from studies.services.recruiting import (
    DUPLICATE,
    OLDER,
    UNKNOWN,
    CannotRecruit,
    arrive,
    create_recruitment,
    hear,
    told_of,
)
from studies.services.sessions import NotListed, StudyNotOpen, begin_trials, identity_hash
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
ANN = Arrival("pid-ann", "sub-ann")
LEFT = {"appropriate": Answer(Choice.LEFT)}


def minutes(n: float):
    return START + timedelta(minutes=n)


@pytest.fixture
def recruitment() -> Recruitment:
    study = open_study(make_study(items=2, contrasts=("a:b",), votes_per_comparison=2).pk, at=START)
    return create_recruitment(study, "prolific", at=START, external_study="std")


def word(status: str, at_minutes: float, *, key: str = "", reference: str = "sub-ann") -> Word:
    known = SubmissionStatus(status)
    return Word(key or f"{status}-{at_minutes}", "submission.status.change", reference, known, minutes(at_minutes))


class TestArriving:
    def test_the_same_person_gets_the_same_session_and_no_id_is_kept_in_clear(self, recruitment, settings):
        settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
        first = arrive(recruitment, ANN, at=START)
        assert arrive(recruitment, ANN, at=minutes(1)).pk == first.pk
        assert told_of(first.evaluator, at=START) == {"participant": "pid-ann", "submission": "sub-ann", "address": ""}
        submission = Submission.objects.get()
        assert (submission.session, submission.status, len(submission.history)) == (first, "active", 1)
        rows = [*Submission.objects.values(), *Session.objects.values(), *Evaluator.objects.values()]
        assert "ann" not in json.dumps(rows, default=str)

    def test_without_a_key_no_id_is_kept_and_the_session_goes_on(self, recruitment):
        assert told_of(arrive(recruitment, ANN, at=START).evaluator, at=START) == {}

    def test_a_submission_is_one_person_s(self, recruitment):
        arrive(recruitment, ANN, at=START)
        with pytest.raises(NotThisWay):
            arrive(recruitment, Arrival("pid-bob", "sub-ann"), at=START)
        assert (Session.objects.count(), Evaluator.objects.count()) == (1, 1)

    def test_who_gave_it_back_and_comes_with_a_new_submission_goes_on(self, recruitment):
        session = arrive(recruitment, ANN, at=START)
        begin_trials(session.pk, at=START)
        hear(recruitment, word("returned", 1), at=minutes(1))
        assert arrive(recruitment, Arrival("pid-ann", "sub-2"), at=minutes(2)).pk == session.pk
        assert begin_trials(session.pk, at=minutes(2)).assignment is not None
        assert hear(recruitment, word("timed_out", 3), at=minutes(3)) == UNKNOWN, "the old submission's"
        assert Submission.objects.get().status == "active"

    def test_paused_and_blocked_are_told_apart_and_keep_nobody(self, recruitment):
        list_evaluators(ListedAs.BLOCK, [identity_hash("prolific", "pid-ann")], reason="pilot", at=START)
        with pytest.raises(NotListed):
            arrive(recruitment, ANN, at=START)
        pause_study(recruitment.study_id, at=START)
        with pytest.raises(StudyNotOpen):
            arrive(recruitment, Arrival("pid-bob", "sub-bob"), at=START)
        assert not Submission.objects.exists()


class TestHearing:
    @pytest.fixture
    def session(self, recruitment) -> Session:
        session = arrive(recruitment, ANN, at=START)
        begin_trials(session.pk, at=START)
        return session

    @pytest.mark.parametrize("status", ["returned", "timed_out", "rejected"])
    def test_taken_back_frees_the_slots_at_once(self, recruitment, session, status):
        assert free_slots(recruitment.study).count() == 2
        assert hear(recruitment, word(status, 1), at=minutes(1)) == f"now {status}"
        assert free_slots(recruitment.study).count() == 4
        session.refresh_from_db()
        assert session.returned_at == minutes(1)

    @pytest.mark.parametrize("status", ["active", "awaiting", "approved", "screened_out"])
    def test_other_words_free_nothing(self, recruitment, session, status):
        hear(recruitment, word(status, 1), at=minutes(1))
        assert free_slots(recruitment.study).count() == 2

    def test_a_message_that_is_sent_again_counts_once(self, recruitment, session):
        hear(recruitment, word("returned", 1, key="event-of-ann"), at=minutes(1))
        assert hear(recruitment, word("returned", 1, key="event-of-ann"), at=minutes(5)) == DUPLICATE
        assert "event-of-ann" not in PlatformEvent.objects.get().event_key, "kept as a keyed hash"
        assert Session.objects.get().returned_at == minutes(1)

    def test_an_older_word_that_comes_later_changes_nothing(self, recruitment, session):
        hear(recruitment, word("awaiting", 9), at=minutes(9))
        assert hear(recruitment, word("returned", 8), at=minutes(10)) == OLDER
        assert Submission.objects.get().status == "awaiting"
        assert free_slots(recruitment.study).count() == 2

    def test_of_two_words_of_one_second_the_later_in_its_life_stands_whichever_comes_first(self, recruitment, session):
        hear(recruitment, word("approved", 9), at=minutes(9))
        assert hear(recruitment, word("awaiting", 9), at=minutes(9)) == OLDER
        assert Submission.objects.get().status == "approved"

    def test_a_platform_whose_clock_is_behind_is_heard(self, recruitment, session):
        assert hear(recruitment, word("returned", -4), at=minutes(0.5)) == "now returned"

    def test_about_nobody_is_kept_and_does_nothing(self, recruitment, session):
        assert hear(recruitment, word("returned", 1, reference="sub-eve"), at=minutes(1)) == UNKNOWN
        assert hear(recruitment, Word("e2", "study.status.change", "", None, START), at=START) == UNKNOWN
        assert set(PlatformEvent.objects.values_list("outcome", flat=True)) == {UNKNOWN}
        assert "sub-eve" not in json.dumps(list(PlatformEvent.objects.values()), default=str)

    def test_handed_in_after_it_timed_out_is_kept_and_marked(self, recruitment, session):
        trial = session.assignments.get(began_at__isnull=False)
        hear(recruitment, word("timed_out", 1), at=minutes(1))
        cast_vote(session.pk, trial.key, LEFT, at=minutes(2))
        assert hear(recruitment, word("awaiting", 3), at=minutes(3)) == "now awaiting"
        assert Submission.objects.get().late
        assert session.assignments.filter(votes__isnull=False).exists()

    def test_given_a_place_again_they_go_on_and_are_not_late(self, recruitment, session):
        hear(recruitment, word("returned", 1), at=minutes(1))
        hear(recruitment, word("active", 2), at=minutes(2))
        assert begin_trials(session.pk, at=minutes(2)).assignment is not None
        assert not Submission.objects.get().late

    def test_what_is_said_again_is_newer_than_what_was_said_between(self, recruitment, session):
        hear(recruitment, word("active", 9), at=minutes(9))
        assert hear(recruitment, word("returned", 8), at=minutes(10)) == OLDER
        assert free_slots(recruitment.study).count() == 2

    @hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_in_whatever_order_and_however_often_the_last_word_stands(self, recruitment, session, data):
        Submission.objects.update(status="active", status_at=START - timedelta(hours=1))
        PlatformEvent.objects.all().delete()
        said = data.draw(st.lists(st.sampled_from(SubmissionStatus.values), min_size=1, max_size=5))
        words = [word(status, number, key=f"e{number}") for number, status in enumerate(said)]
        sent = data.draw(st.permutations([*words, *data.draw(st.lists(st.sampled_from(words)))]))
        for one in sent:
            hear(recruitment, one, at=minutes(60))
        assert Submission.objects.get().status == said[-1]

    def test_a_rejection_that_is_taken_back_is_not_late(self, recruitment, session):
        hear(recruitment, word("rejected", 1), at=minutes(1))
        hear(recruitment, word("approved", 2), at=minutes(2))
        assert not Submission.objects.get().late


class TestTheCommand:
    def test_it_makes_codes_and_prints_the_link_once_set_up_and_what_is_known_later(self, capsys):
        study = open_study(make_study().pk, at=START)
        call_command("recruit_study", study.key, platform="prolific", site="https://lab.example/", reward=450)
        made = Recruitment.objects.get()
        ids = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
        assert capsys.readouterr().out.splitlines() == [
            "Prolific, as 's-prolific'. Give it this address:",
            f"  https://lab.example/r/s-prolific/?{ids}",
            f"  completion code  {made.completion_code}",
            f"  screen-out code  {made.screen_out_code}",
        ]
        assert len({made.completion_code, made.screen_out_code, made.failed_check_code}) == 3
        arrive(made, ANN, at=START)
        call_command("recruit_study", study.key, status=True)
        assert "  1 active" in capsys.readouterr().out.splitlines()

    def test_a_way_in_is_ended(self, capsys):
        study = make_study()
        create_recruitment(study, "prolific", at=START)
        call_command("recruit_study", study.key, end="s-prolific")
        assert Recruitment.objects.get().ended_at is not None
        with pytest.raises(CommandError, match="there is: s-prolific"):
            call_command("recruit_study", study.key, end="s-other")

    def test_refusals_are_sentences(self):
        study = make_study()
        with pytest.raises(CommandError, match="Where"):
            call_command("recruit_study", study.key)
        create_recruitment(study, "prolific", at=START)
        with pytest.raises(CannotRecruit, match="give another --name"):
            create_recruitment(study, "prolific", at=START)
        with pytest.raises(CannotRecruit, match="the same"):
            create_recruitment(study, "prolific", at=START, key="x", completion_code="A", screen_out_code="A")
        with pytest.raises(CannotRecruit, match="nothing that speaks"):
            create_recruitment(study, "pigeon", at=START)
        assert Study.objects.get().recruitments.count() == 1
