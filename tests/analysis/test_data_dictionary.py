"""docs/data-dictionary.md describes every column and field, and nothing that is not there."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from analysis.exports import TRIAL_COLUMNS, VOTE_COLUMNS
from analysis.report_json import report_as_dict
from analysis.reports import build_report
from analysis.summary import Without
from tests.factories import START, make_study

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "data-dictionary.md").read_text(encoding="utf-8")


def described(heading):
    """Names in the table under a heading, in order."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)


def test_every_column_of_the_votes_is_described():
    assert set(VOTE_COLUMNS) == {*described("Columns of both exports"), *described("Columns of the votes alone")}


def test_every_column_of_the_trials_is_described():
    assert set(TRIAL_COLUMNS) == {
        *described("Columns of both exports"),
        *described("Columns of the trials alone"),
    }


@pytest.mark.django_db
def test_every_field_of_the_report_is_described_in_its_order():
    report = report_as_dict(build_report(make_study(contrasts=("social:random",)), at=START))

    assert described("The report") == list(report)
    assert described("The report's contrasts") == list(report["contrasts"][0])
    assert described("The report's lines without one person") == [field.name for field in fields(Without)]


def test_every_row_says_its_type_its_meaning_and_what_empty_means():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]

    assert [row for row in rows if len([cell for cell in row.strip("| ").split(" | ") if cell]) != 4] == []
