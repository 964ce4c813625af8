"""A plan that leaves the closing to the owner tells them where they look, and by e-mail once where there is e-mail."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import connection

from analysis.models import StopNotice
from analysis.services.stopping import look_and_act, mail_owner
from analysis.stopping_records import standing_notice
from analysis.tasks import look_at_studies
from studies.models import Study
from studies.services.amendments import change_plan
from studies.services.launches import close_study
from tests.factories import START

from .signing_in import account, text_of
from .test_stopping_reports import TELLS
from .test_stopping_study import looking_study, play, state_of

LATER = START + timedelta(days=1)
TOLD = "The rule says the study may stop: look 1, at 15 completed speakers, on 1 March 2026. Close it or go on."


@pytest.fixture
def study(settings):
    """Open, decided at its first look, of an owner with an address."""
    settings.EMAIL_HOST = "mail.example.org"
    study = looking_study(TELLS, votes=1)
    Study.objects.filter(pk=study.pk).update(owner=User.objects.create_user("owner", "owner@example.org"))
    play(study, sessions=3)
    study.refresh_from_db()
    return study


@pytest.mark.django_db
def test_the_owner_is_told_where_they_look_and_of_no_result(client, study):
    account(client, staff=True, may_view=True, may_stop=True)
    pages = ["/studies/s/report/", f"/admin/studies/study/{study.pk}/change/"]
    assert [TOLD in text_of(client.get(page)) for page in pages] == [False, False]

    look_and_act(study.pk, at=START)

    assert [TOLD in text_of(client.get(page)) for page in pages] == [True, True]
    assert state_of(study) == "open"
    out = StringIO()
    call_command("look_study", "s", stdout=out)
    assert out.getvalue().endswith(f"{TOLD}\n")
    close_study(study.pk, at=LATER)
    assert [TOLD in text_of(client.get(page)) for page in pages] == [False, False]


@pytest.mark.data_layer
@pytest.mark.django_db
def test_one_decision_is_one_notice_and_one_message(study):
    assert (look_at_studies(), look_at_studies()) == (1, 1)

    (notice,) = StopNotice.objects.all()
    assert (notice.look, notice.speakers, notice.mailed_at is None) == (1, 15, False)
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["owner@example.org"], "Study s may stop")
    assert str(notice) in message.body
    assert not any(figure in message.body for figure in ("+15", "±", "p <", "p =", "%"))


@pytest.mark.django_db
def test_a_plan_that_looks_no_more_tells_nothing(study, admin_user):
    look_and_act(study.pk, at=START)
    change_plan(study.pk, changes={"stopping_rule": "fixed"}, reason="enough money", by=admin_user, at=LATER)

    assert standing_notice(study) is None
    assert mail_owner(study, at=LATER) is False


@pytest.mark.django_db
def test_without_a_host_an_account_or_an_address_the_pages_tell(study, settings):
    settings.EMAIL_HOST = ""
    assert look_at_studies() == 1
    settings.EMAIL_HOST = "mail.example.org"
    User.objects.update(email="")
    assert look_at_studies() == 1
    Study.objects.update(owner=None)
    assert look_at_studies() == 1

    assert standing_notice(study).mailed_at is None
    assert mail.outbox == []


@pytest.mark.django_db
def test_a_mail_server_that_fails_breaks_nothing_and_is_tried_again(study, settings):
    works = settings.EMAIL_BACKEND
    with socket.socket() as bound:  # bound and not listening: whoever connects is refused
        bound.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = bound.getsockname()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        assert look_at_studies() == 1
    assert standing_notice(study).mailed_at is None

    settings.EMAIL_BACKEND = works
    assert look_at_studies() == 1
    assert len(mail.outbox) == 1


@pytest.mark.data_layer
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once(study):
    def work(_):
        try:
            return look_at_studies()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(work, range(4))) == [1] * 4

    assert (StopNotice.objects.count(), len(mail.outbox)) == (1, 1)
