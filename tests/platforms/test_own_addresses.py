"""Addresses of our own: one for each person, one for a room; and SONA, whose credit is an address too."""

import csv

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from studies.models import Evaluator, Invitation, Recruitment, Session, Submission
from studies.services.launches import open_study, pause_study
from studies.services.recruiting import CannotRecruit, create_recruitment
from studies.services.sessions import start_session
from studies.services.withdrawals import withdraw
from tests.factories import START, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
CREDIT = "https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=12&credit_token=4e48&survey_code="


@pytest.fixture
def study():
    return open_study(make_study(items=2, contrasts=("a:b",)).pk, at=START)


def finish(session: Session) -> Session:
    Session.objects.filter(pk=session.pk).update(finished_at=START)
    return Session.objects.get(pk=session.pk)


def told(capsys, study, **options) -> str:
    call_command("recruit_study", study.key, **options)
    return capsys.readouterr().out


class TestTheCommand:
    def test_what_was_not_said_at_first_is_said_later(self, study, capsys):
        told(capsys, study, platform="room")
        assert "'s-room' is changed." in told(capsys, study, name="s-room", reward=250, currency="EUR")
        room = Recruitment.objects.get()
        assert (room.reward, room.currency, room.places) == (250, "EUR", 0)
        told(capsys, study, platform="tokens")
        with pytest.raises(CommandError, match=r"Which way in\? Add --name \(there is: s-room, s-tokens\)"):
            call_command("recruit_study", study.key, reward=300)
        with pytest.raises(CommandError, match=r"already: give another --name, or leave --platform out"):
            call_command("recruit_study", study.key, platform="room")

    def test_addresses_are_told_with_a_site_or_not_at_all(self, study, capsys):
        with pytest.raises(CommandError, match="Add --site"):
            call_command("recruit_study", study.key, platform="tokens", invite=2)
        assert not Recruitment.objects.exists()
        told(capsys, study, platform="tokens", invite=2, site="https://lab.example")
        assert "2 made by --invite, 0 of them used." in told(capsys, study, status=True)

    def test_a_code_is_looked_up_without_learning_whose_it_is(self, study, capsys):
        session = finish(start_session(study.pk, at=START))
        found = told(capsys, study, check_code=session.completion_code.lower())
        assert found == f"{session.completion_code} was given to somebody who finished on 2026-03-01.\n"
        assert session.pseudonym not in found
        assert "Nobody was given the code ABC" in told(capsys, study, check_code="abc")
        told(capsys, study, platform="prolific", completion_code="Same", screen_out_code="Other")
        assert "the same for everyone" in told(capsys, study, check_code="same")


class TestOnePersonEach:
    @pytest.fixture
    def addresses(self, study, capsys) -> list[str]:
        call_command("recruit_study", study.key, platform="tokens", invite=3, site="https://lab.example")
        rows = csv.DictReader(capsys.readouterr().out.splitlines())
        return [row["address"].removeprefix("https://lab.example") for row in rows]

    def test_addresses_are_told_once_and_only_their_hash_is_kept(self, addresses):
        assert len(set(addresses)) == Invitation.objects.count() == 3
        kept = str(list(Invitation.objects.values())) + str(list(Evaluator.objects.values()))
        assert not any(address.split("/")[-2] in kept for address in addresses)

    def test_looking_starts_nothing_and_the_same_person_comes_back_to_the_same_session(self, client, addresses):
        first = client.get(addresses[0])
        assert (first.status_code, first.templates[0].name) == (200, "studies/landing.html")
        assert not Session.objects.exists()
        begun = client.post(addresses[0])
        assert (begun.status_code, begun["Location"]) == (303, f"/s/{Session.objects.get().token}/")
        assert client.get(addresses[0])["Location"] == client.post(addresses[0])["Location"] == begun["Location"]
        assert client.post(addresses[1])["Location"] != begun["Location"]

    def test_what_is_no_invitation_or_came_too_early_gets_a_page(self, client, addresses, study):
        assert client.get("/r/s-tokens/guess/").status_code == 404
        assert client.get("/r/s-tokens/").status_code == 400
        pause_study(study.pk, at=START)
        assert client.post(addresses[0]).status_code == 503
        assert Invitation.objects.filter(session__isnull=False).count() == 0

    def test_after_withdrawal_the_address_is_nobody_s(self, client, addresses):
        client.post(addresses[0])
        withdraw(Session.objects.get().pk, at=START)
        assert client.get(addresses[0]).status_code == 404

    @pytest.mark.parametrize("people", [-1, 10_001])
    def test_a_number_that_makes_no_sense_is_a_sentence(self, study, people):
        with pytest.raises(CommandError, match="Invite from 1"):
            call_command("recruit_study", study.key, platform="tokens", invite=people, site="https://lab.example")
        assert not Recruitment.objects.exists(), "nothing half done"


class TestARoom:
    @pytest.fixture
    def room(self, study) -> Recruitment:
        return create_recruitment(study, "room", at=START)

    def test_each_press_begins_afresh_and_the_end_leads_back_to_the_door(self, client, room):
        assert client.get(f"/r/{room.key}/").templates[0].name == "studies/room.html"
        assert not Session.objects.exists()
        starts = {client.post(f"/r/{room.key}/")["Location"] for _ in range(2)}
        assert len(starts) == Evaluator.objects.count() == 2
        session = finish(Session.objects.first())
        page = client.get(f"/s/{session.token}/").content.decode()
        assert f'href="/r/{room.key}/" rel="noreferrer">' in page
        assert session.completion_code in page


class TestSona:
    @pytest.fixture
    def sona(self, study, settings) -> Recruitment:
        settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
        return create_recruitment(study, "sona", at=START, options={"credit_address": f"{CREDIT}XXXX"})

    def test_the_survey_code_comes_in_and_goes_back_once_credit_is_due(self, client, sona):
        client.get(f"/r/{sona.key}/", {"survey_code": "4711"})
        session = Session.objects.get()
        assert CREDIT not in client.get(f"/s/{session.token}/").content.decode().replace("&amp;", "&")
        finish(session)
        assert f"{CREDIT}4711" in client.get(f"/s/{session.token}/").content.decode().replace("&amp;", "&")
        assert "4711" not in str(list(Submission.objects.values()))

    def test_whose_code_was_forgotten_gets_the_session_s_own(self, client, sona, settings):
        client.get(f"/r/{sona.key}/", {"survey_code": "4711"})
        session = finish(Session.objects.get())
        settings.REALTALK_IDENTITY_KEYS = []
        page = client.get(f"/s/{session.token}/").content.decode()
        assert session.completion_code in page
        assert "sona-systems" not in page

    @pytest.mark.parametrize("address", ["", "https://a.example/webstudy_credit.aspx", "http://a.example/x"])
    def test_another_server_side_address_is_refused(self, study, settings, address):
        settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
        options = {"credit_address": f"{CREDIT}XXXX", "server_credit_address": address or "x"}
        with pytest.raises(CannotRecruit, match="server-side address"):
            create_recruitment(study, "sona", at=START, options=options)

    @pytest.mark.parametrize("address", ["", "http://a/webstudy_credit.aspx", "https://evil.example/?survey_code=X"])
    def test_another_address_is_refused(self, study, settings, address):
        settings.REALTALK_IDENTITY_KEYS = [Fernet.generate_key().decode()]
        with pytest.raises(CannotRecruit, match="credit address"):
            create_recruitment(study, "sona", at=START, options={"credit_address": address})

    def test_without_a_key_or_with_codes_it_is_not_made(self, study, settings):
        settings.REALTALK_IDENTITY_KEYS = []
        with pytest.raises(CannotRecruit, match="REALTALK_IDENTITY_KEYS"):
            create_recruitment(study, "sona", at=START, options={"credit_address": f"{CREDIT}XXXX"})
        with pytest.raises(CannotRecruit, match="knows no codes"):
            create_recruitment(study, "room", at=START, completion_code="A")
