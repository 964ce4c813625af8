"""What sessions are paid an hour: the arithmetic, and which sessions and times it counts."""

from datetime import timedelta
from math import inf

import pytest
from django.core.management import call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from studies.models import Recruitment, Session
from studies.pay import Pay, pay_for
from studies.pay_queries import pay_of
from studies.platforms.protocol import Arrival
from studies.services.launches import open_study
from studies.services.recruiting import arrive, create_recruitment
from studies.services.sessions import start_session
from tests.factories import START, make_study


def test_the_median_and_what_it_comes_to_an_hour():
    assert pay_for([], reward=450, lowest_hourly=900) == Pay(0, None, None, False)
    assert pay_for([30], reward=450, lowest_hourly=900) == Pay(1, 30, 900, False)
    assert pay_for([10, 31, 90], reward=450, lowest_hourly=900) == Pay(3, 31, 870, True)
    assert pay_for([20, 40], reward=450, lowest_hourly=None) == Pay(2, 30, 900, False)
    assert pay_for([20], reward=None, lowest_hourly=900) == Pay(1, 20, None, False)
    assert pay_for([0], reward=450, lowest_hourly=900) == Pay(1, 0, None, False)


@given(st.lists(st.floats(0.01, 600), min_size=1), st.integers(0, 10_000), st.integers(0, 5_000))
def test_longer_sessions_never_pay_more_and_low_is_under_the_least(minutes, reward, lowest):
    pay = pay_for(minutes, reward=reward, lowest_hourly=lowest)
    longer = pay_for([2 * one for one in minutes], reward=reward, lowest_hourly=lowest)
    assert 0 <= longer.hourly <= pay.hourly < inf
    assert pay.is_low == (pay.hourly < lowest)


@pytest.fixture
def recruitment() -> Recruitment:
    study = open_study(make_study(items=2, contrasts=("a:b",)).pk, at=START)
    return create_recruitment(study, "prolific", at=START, reward=300, lowest_hourly=900)


@pytest.mark.django_db
def test_a_clock_that_was_set_back_gives_no_length(recruitment):
    session = arrive(recruitment, Arrival("pid", "sub"), at=START)
    finish(session, after=-10)
    assert pay_of(recruitment).pay == Pay(0, None, None, False)


def finish(session: Session, *, after: float) -> None:
    Session.objects.filter(pk=session.pk).update(finished_at=START + timedelta(minutes=after))


@pytest.mark.django_db
class TestWhoCounts:
    def test_its_own_finished_sessions_from_arrival_to_the_end(self, recruitment):
        for number, after in enumerate((20, 30, 40)):
            finish(arrive(recruitment, Arrival(f"p{number}", f"s{number}"), at=START), after=after)
        arrive(recruitment, Arrival("unfinished", "s8"), at=START)
        finish(start_session(recruitment.study_id, at=START), after=1)
        finish(start_session(recruitment.study_id, at=START, rehearsal=True), after=1)
        assert pay_of(recruitment).pay == Pay(3, 30, 600, True)

    def test_a_room_s_sessions_are_its_own(self, recruitment):
        room = create_recruitment(recruitment.study, "room", at=START, reward=100)
        finish(arrive(room, Arrival(None), at=START), after=6)
        assert pay_of(room).pay == Pay(1, 6, 1000, False)
        assert pay_of(recruitment).pay.sessions == 0

    def test_the_command_and_the_study_s_page_warn(self, recruitment, capsys, admin_client):
        finish(arrive(recruitment, Arrival("p", "s"), at=START), after=30)
        call_command("recruit_study", "s", status=True)
        said = [line.strip() for line in capsys.readouterr().out.splitlines()]
        sentence = "30.0 minutes in the median of 1 finished: 6.00 GBP an hour."
        warning = "Less than the 9.00 GBP an hour chosen as the least: raise the reward, or pay a bonus."
        assert {sentence, warning} < set(said)
        page = admin_client.get(reverse("admin:studies_study_progress", args=[recruitment.study_id])).content.decode()
        assert sentence in page
        assert warning in page
        page = admin_client.get(reverse("admin:studies_recruitment_changelist")).content.decode()
        assert sentence in page
