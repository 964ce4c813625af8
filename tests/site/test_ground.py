from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

pytestmark = [pytest.mark.data_layer, pytest.mark.django_db]


def test_the_suite_runs_on_the_database_it_names(pytestconfig):
    assert connection.vendor == pytestconfig.getoption("--database")


def test_each_test_has_media_of_its_own(tmp_path: Path):
    assert list(settings.MEDIA_ROOT.iterdir()) == [] and settings.MEDIA_ROOT.parent == tmp_path
