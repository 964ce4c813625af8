"""Whole studies that take minutes: on real clips, where REALTALK_REAL_CLIPS names them, and a full demo session."""

import csv
import io
import json

import pytest
from django.core.management import call_command

from studies.models import Study
from tests.factories import START
from tests.playable import make_playable_study
from tests.real_clips import CONTRAST, real_clips_folder, write_manifests

from .conftest import DESKTOP, PHONE
from .evaluating import BrowsingEvaluator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def output_of(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def take_part(page, study_link: str, hand: str, preferred: str) -> int:
    """A whole session, the preferred condition chosen where it is shown. Returns the number of trials."""
    evaluator = BrowsingEvaluator(page, hand)
    evaluator.arrive_at_first_trial(study_link)
    trials = 0
    while evaluator.is_in_trial:
        evaluator.watch(timeout_s=40)
        evaluator.answer(evaluator.side_of(preferred))
        trials += 1
    return trials


def test_a_study_on_real_clips(live_server, open_browser, tmp_path):
    clips, stimuli = write_manifests(real_clips_folder(), tmp_path)
    call_command("import_clips", "real", str(clips), licence="as each clip says", consent="as each source says")
    output_of("create_study", "real", "--corpus", "real", "--stimuli", str(stimuli), "--contrasts",
              ":".join(CONTRAST), "--votes-per-comparison", "2", "--open")  # fmt: skip
    link = f"{live_server.url}/study/real/"
    for hand, size in (("mouse", DESKTOP), ("touch", PHONE)):
        assert take_part(open_browser(**size), link, hand, CONTRAST[0]) == 2 + 9
    (contrast,) = json.loads(output_of("report_study", "real", "--format", "json"))["contrasts"]
    assert (contrast["votes"], contrast["wins"], contrast["short_by"]) == (18, 18, 0)
    rows = list(csv.DictReader(io.StringIO(output_of("export_votes", "real"))))
    assert min(float(row[f"{part}_coverage"]) for row in rows for part in ("speaker", "left", "right")) > 0.9


@pytest.mark.slow
def test_a_full_session_of_the_demo(live_server, open_browser, capsys):
    make_playable_study(key="demo", speakers=36, length_s=6.0, votes_per_comparison=4, contrasts=[
        ("social", "learning2listen"), ("social", "random"), ("social", "rude"),
    ])  # fmt: skip
    assert Study.objects.get(opened_at=START).trials_per_session == 30
    page = open_browser(**DESKTOP)
    evaluator = BrowsingEvaluator(page, "keyboard")
    evaluator.arrive_at_first_trial(f"{live_server.url}/study/demo/")
    trials = 0
    while evaluator.is_in_trial:
        evaluator.watch(timeout_s=40)
        evaluator.answer("left")
        trials += 1
    assert trials == 2 + 30 + 4
    rows = list(csv.DictReader(io.StringIO(output_of("export_votes", "demo"))))
    main = [row for row in rows if row["kind"] == "main"]
    assert sorted(row["preferred_treatment"] for row in main) == ["0"] * 15 + ["1"] * 15
    assert {row["contrast"]: 0 for row in main}.keys() == {"social:learning2listen", "social:random", "social:rude"}
    coverage = [float(row[f"{part}_coverage"]) for row in rows for part in ("speaker", "left", "right")]
    waits = sorted(int(row["rt_ms"]) for row in rows)
    with capsys.disabled():
        print(f"\n{trials} trials; least coverage {min(coverage):.3f}; rt_ms {waits[0]} to {waits[-1]}")  # noqa: T201
    assert min(coverage) > 0.95
