"""Platform ids: encrypted, read back, encrypted anew, forgotten in time, and not kept at all without a key."""

from datetime import timedelta

import pytest
from celery import current_app
from cryptography.fernet import Fernet
from django.conf import settings as site_settings
from django.contrib import admin
from django.core.management import CommandError, call_command

from studies.models import PlatformIdentity
from studies.services.identities import (
    NoIdentityKey,
    encrypt_anew,
    forget_identities,
    identity_of,
    keep_identity,
)
from studies.services.sessions import evaluator_for
from tests.factories import START

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
ID = '{"participant": "5f1c0ffee", "submission": "abc"}'
OLD, NEW = "o" * 43 + "=", "n" * 42 + "w="


@pytest.fixture
def evaluator():
    return evaluator_for("prolific", "5f1c0ffee", at=START)


def test_an_id_is_kept_encrypted_and_read_back(evaluator, settings):
    settings.REALTALK_IDENTITY_KEYS = [OLD]
    row = keep_identity(evaluator, ID, at=START)
    row.refresh_from_db()
    assert b"5f1c0ffee" not in bytes(row.ciphertext)
    assert identity_of(evaluator, at=START) == ID
    assert row.delete_after == START + timedelta(days=90)


def test_without_a_key_nothing_is_kept_and_nothing_breaks(evaluator, settings):
    settings.REALTALK_IDENTITY_KEYS = []
    assert keep_identity(evaluator, ID, at=START) is None
    assert not PlatformIdentity.objects.exists()
    assert identity_of(evaluator, at=START) is None
    with pytest.raises(NoIdentityKey, match="is not set"):
        encrypt_anew()


def test_a_later_arrival_keeps_it_longer_and_the_clock_deletes_it(evaluator, settings):
    settings.REALTALK_IDENTITY_KEYS = [OLD]
    keep_identity(evaluator, ID, at=START, days=2)
    keep_identity(evaluator, "later", at=START + timedelta(days=1), days=2)
    assert identity_of(evaluator, at=START) == "later"
    assert identity_of(evaluator, at=START + timedelta(days=3)) is None, "also where it is not deleted yet"
    assert forget_identities(at=START + timedelta(days=2)) == 0
    assert forget_identities(at=START + timedelta(days=3)) == 1
    assert identity_of(evaluator, at=START) is None


def test_keys_are_changed_without_losing_an_id(evaluator, settings):
    settings.REALTALK_IDENTITY_KEYS = [OLD]
    keep_identity(evaluator, ID, at=START)
    settings.REALTALK_IDENTITY_KEYS = [NEW, OLD]
    assert identity_of(evaluator, at=START) == ID
    assert encrypt_anew() == (1, 0)
    settings.REALTALK_IDENTITY_KEYS = [NEW]
    assert identity_of(evaluator, at=START) == ID
    settings.REALTALK_IDENTITY_KEYS = [OLD]
    assert identity_of(evaluator, at=START) is None
    assert encrypt_anew() == (0, 1)


def test_the_worker_forgets_every_hour():
    scheduled = site_settings.CELERY_BEAT_SCHEDULE["forget platform ids past their retention"]
    current_app.loader.import_default_modules()
    assert scheduled["schedule"] == 3600
    assert scheduled["task"] in current_app.tasks


def test_the_command_says_what_is_kept_and_never_the_id(evaluator, settings, capsys):
    settings.REALTALK_IDENTITY_KEYS = [OLD]
    keep_identity(evaluator, ID, at=START)
    call_command("identities", "--encrypt-anew")
    said = capsys.readouterr().out
    assert said.startswith("1 encrypted with the first key.\n1 deleted: their retention had ended.\n0 kept.\n")
    assert "5f1c0ffee" not in said
    settings.REALTALK_IDENTITY_KEYS = []
    call_command("identities")
    assert "only their keyed hashes" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no key to encrypt with"):
        call_command("identities", "--encrypt-anew")
    call_command("identities", "--new-key")
    assert Fernet(capsys.readouterr().out.strip())


def test_nobody_reads_an_id_in_the_admin():
    assert PlatformIdentity not in admin.site._registry
