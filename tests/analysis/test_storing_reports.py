"""A computed report is kept once for what it had seen, and says what was computed then."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from analysis.models import Report
from analysis.report_json import report_as_dict
from analysis.reports import build_report
from analysis.services.stored_reports import newest_report, store_report
from studies.services.exclusions import exclude_votes
from tests.factories import START

from .playing import opened_study, play_session, prefer

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
LATER = START + timedelta(days=1)


def test_a_stored_report_is_the_report_as_computed():
    study = opened_study(items=4, contrasts=("social:random",))
    play_session(study, prefer("social"))

    kept = store_report(study, at=LATER)

    kept.refresh_from_db()
    assert kept.content == report_as_dict(build_report(study, at=LATER))
    assert (kept.number_of_votes, kept.last_exclusion, kept.generated_at) == (4, 0, LATER)
    assert newest_report(study) == kept


def test_the_same_rows_are_kept_once_and_an_exclusion_makes_another():
    study = opened_study(items=4, contrasts=("social:random",))
    session = play_session(study, prefer("social"))
    first = store_report(study, at=START)

    assert store_report(study, at=LATER) == first
    exclude_votes(study.pk, rule="by hand", reason="asked to", at=START, sessions=[session])
    second = store_report(study, at=LATER)

    assert second != first
    assert newest_report(study) == second
    assert second.content["exclusions"] == [{"rule": "by hand", "votes": 4, "sessions": 1}]


def test_a_study_without_votes_has_a_report_to_keep():
    study = opened_study(items=4)

    assert newest_report(study) is None
    assert store_report(study, at=START).last_vote == 0


def test_the_command_keeps_a_report_but_no_rehearsals():
    opened_study(items=4)

    call_command("report_study", "s", "--store")
    with pytest.raises(CommandError, match="A rehearsal's report is not kept"):
        call_command("report_study", "s", "--store", "--include-rehearsal")

    assert Report.objects.count() == 1
