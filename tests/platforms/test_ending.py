"""Which code is due, and the way back: only when due, and never lost by a fault of ours."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from studies.ending import Ending, ending_of
from studies.models import Choice, Item, Recruitment, Session, Slot, Submission
from studies.platforms.protocol import Arrival, Word
from studies.services.launches import close_study, open_study
from studies.services.recruiting import arrive, create_recruitment, hear
from studies.services.sessions import Stage, begin_trials, resume, screen_out, start_session
from studies.services.votes import Answer, cast_vote
from tests.factories import START, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
MINUTE = timedelta(minutes=1)
LEFT = {"appropriate": Answer(Choice.LEFT)}
BACK = "https://app.prolific.com/submissions/complete?cc="


@pytest.fixture
def recruitment(settings) -> Recruitment:
    settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
    study = open_study(make_study(items=2, contrasts=("a:b",)).pk, at=START)
    return create_recruitment(
        study, "prolific", at=START, completion_code="DONE", screen_out_code="NOT", failed_check_code="FAILED"
    )


@pytest.fixture
def session(recruitment) -> Session:
    return arrive(recruitment, Arrival("pid", "sub"), at=START)


def work(session: Session, trials: int) -> Session:
    begin_trials(session.pk, at=START)
    for number in range(1, trials + 1):
        trial = session.assignments.get(state="live", began_at__isnull=False)
        cast_vote(session.pk, trial.key, LEFT, at=START + number * MINUTE)
    session.refresh_from_db()
    return session


def test_no_code_before_the_end(session):
    assert ending_of(session, at=START) == Ending()
    assert ending_of(work(session, 1), at=START) == Ending()
    assert Submission.objects.get().code_given == ""


def test_who_finishes_gets_the_completion_code_and_the_way_back(session):
    assert ending_of(work(session, 2), at=START) == Ending("completion", "DONE", f"{BACK}DONE")
    assert (Submission.objects.get().code_given, Submission.objects.get().late) == ("completion", False)


def test_the_page_shows_it(client, session):
    work(session, 2)
    page = client.get(f"/s/{session.token}/").content.decode()
    assert f'href="{BACK}DONE"' in page
    assert session.completion_code not in page


def test_who_is_screened_out_gets_that_code(session, recruitment):
    screen_out(session, why="age", at=START)
    assert ending_of(session, at=START) == Ending("screen_out", "NOT", f"{BACK}NOT")
    Recruitment.objects.update(screen_out_code="")
    assert ending_of(Session.objects.get(), at=START) == Ending("screen_out", "", "")


def test_who_comes_when_nothing_is_left_gets_the_screen_out_code(client, session, recruitment):
    Slot.objects.update(closed_at=START, closed_reason="test")
    assert begin_trials(session.pk, at=START).stage == Stage.FULL
    page = client.get(f"/s/{session.token}/").content.decode()
    assert 'data-stage="message"' in page
    assert f'href="{BACK}NOT"' in page
    assert Submission.objects.get(session=session).code_given == "screen_out"


def test_who_worked_when_the_study_closed_is_paid_and_who_did_not_is_not(session, recruitment):
    other = arrive(recruitment, Arrival("pid-2", "sub-2"), at=START)
    work(session, 1)
    close_study(recruitment.study_id, at=START)
    assert ending_of(Session.objects.get(pk=session.pk), at=START).code == "DONE"
    assert ending_of(Session.objects.get(pk=other.pk), at=START) == Ending()


def test_an_open_link_shows_the_session_s_own_code(recruitment):
    session = work(start_session(recruitment.study_id, at=START), 2)
    assert ending_of(session, at=START) == Ending("completion", session.completion_code, "")


@pytest.mark.parametrize("keys", [["no key"], []])
def test_a_fault_of_ours_costs_nobody_the_code(session, settings, keys):
    work(session, 2)
    Recruitment.objects.update(platform="mturk", external_study="")
    settings.REALTALK_IDENTITY_KEYS = keys
    assert ending_of(Session.objects.get(), at=START) == Ending("completion", "DONE", "")


def test_finished_after_it_was_given_back_is_marked(session, recruitment):
    work(session, 1)
    trial = session.assignments.get(state="live")
    hear(recruitment, Word("e", "k", "sub", "returned", START), at=START)
    cast_vote(session.pk, trial.key, LEFT, at=START + 5 * MINUTE)
    resume(session.pk, at=START)
    assert ending_of(Session.objects.get(), at=START).code == "DONE", "it is kept, and the platform decides"
    assert Submission.objects.get().late


class TestASecondSubmission:
    def test_who_finished_keeps_the_first_and_gets_no_second_code(self, client, session, recruitment):
        work(session, 2)
        ending_of(session, at=START)
        other = create_recruitment(
            recruitment.study, "prolific", at=START, key="two", external_study="two", completion_code="AGAIN"
        )
        ids = {"PROLIFIC_PID": "pid", "STUDY_ID": "two", "SESSION_ID": "sub-2"}
        page = client.get(f"/r/{other.key}/", ids)
        assert (page.status_code, b"You have taken part already" in page.content) == (410, True)
        kept = Submission.objects.get()
        assert (kept.recruitment, kept.code_given) == (recruitment, "completion")

    def test_who_finished_after_it_was_taken_back_may_hand_in_anew(self, session, recruitment):
        work(session, 2)
        hear(recruitment, Word("e", "k", "sub", "timed_out", START + MINUTE), at=START + MINUTE)
        again = arrive(recruitment, Arrival("pid", "sub-2"), at=START + 2 * MINUTE)
        assert ending_of(again, at=START + 2 * MINUTE).code == "DONE"


class TestGivenBack:
    def test_who_reads_on_is_told_and_goes_on_once_it_is_taken_again(self, client, session, recruitment):
        hear(recruitment, Word("e", "k", "sub", "timed_out", START), at=START)
        page = client.get(f"/s/{session.token}/")
        assert (page.status_code, b"Your place was given back" in page.content) == (410, True)
        assert b"NOT" not in page.content, "no code is due"
        arrive(recruitment, Arrival("pid", "sub-2"), at=START + MINUTE)
        assert resume(session.pk, at=START + MINUTE).stage != Stage.GIVEN_BACK

    def test_an_answer_from_who_has_left_is_late_whoever_ended_the_trial(self, session, recruitment):
        work(session, 1)
        trial = session.assignments.get(state="live")
        later = START + 45 * MINUTE
        begin_trials(arrive(recruitment, Arrival("other", "sub-other"), at=later).pk, at=later)
        trial.refresh_from_db()
        assert trial.state == "expired"
        hear(recruitment, Word("e", "k", "sub", "returned", later), at=later)
        cast_vote(session.pk, trial.key, LEFT, at=later + MINUTE)
        trial.refresh_from_db()
        assert trial.state == "late"


class TestFailedChecks:
    """Two checks of a kind, answered in a session of ten minutes; which side is right is set afterwards."""

    @pytest.fixture
    def checked(self, settings):
        settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
        study = open_study(make_study(items=2, contrasts=("a:b",), catch=2).pk, at=START)

        def run(kind: str, *, failed: int, code: str = "FAILED") -> Ending:
            codes = {"completion_code": "DONE", "failed_check_code": code}
            recruitment = create_recruitment(study, "prolific", at=START, key=f"k{kind}{failed}{code}", **codes)
            session = work(arrive(recruitment, Arrival(f"pid-{recruitment.key}", recruitment.key), at=START), 4)
            checks = session.assignments.filter(kind="catch").select_related("item", "left", "right")
            for number, trial in enumerate(checks):
                known = trial.right if number < failed else trial.left
                Item.objects.filter(pk=trial.item_id).update(correct_condition=known.condition)
            session.assignments.filter(kind="catch").update(kind=kind)
            Session.objects.filter(pk=session.pk).update(finished_at=START + 10 * MINUTE)
            return ending_of(Session.objects.get(pk=session.pk), at=START)

        return run

    def test_two_failed_attention_checks_give_that_code_and_one_does_not(self, checked):
        assert checked("attention", failed=2) == Ending("failed_check", "FAILED", f"{BACK}FAILED")
        assert checked("attention", failed=1).code == "DONE"

    @pytest.mark.parametrize("kind", ["catch", "practice"])
    def test_no_other_kind_ever_does(self, checked, kind):
        assert checked(kind, failed=2).code == "DONE"

    def test_without_such_a_code_it_is_completion(self, checked):
        assert checked("attention", failed=2, code="") == Ending("completion", "DONE", f"{BACK}DONE")
