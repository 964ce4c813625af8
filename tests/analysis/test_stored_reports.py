import pytest
from django.db import DatabaseError, IntegrityError, transaction

from analysis.models import Report, ReportIsStored
from tests.factories import START, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]

MARKS = {
    "last_vote": 3, "number_of_votes": 3, "last_exclusion": 0, "last_deviation": 0, "last_withdrawal": 0,
    "code_version": "0.1.0",
}  # fmt: skip


def stored(**changes):
    values = MARKS | {"content": "{}", "generated_at": START} | changes
    return Report.objects.create(**values)


def test_a_stored_report_is_not_saved_again():
    report = stored(study=make_study())

    with pytest.raises(ReportIsStored, match="never changed"):
        report.save()


def test_the_database_refuses_an_update_too():
    report = stored(study=make_study())

    with pytest.raises(DatabaseError, match="a stored report is never updated"), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(content="")

    report.refresh_from_db()
    assert report.content == "{}"


def test_the_same_rows_and_code_are_stored_once():
    study = make_study()
    stored(study=study)

    with pytest.raises(IntegrityError), transaction.atomic():
        stored(study=study)
    stored(study=study, last_exclusion=1)
    stored(study=study, state="closed")

    assert Report.objects.count() == 3
