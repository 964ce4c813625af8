"""An attention check and practice with feedback in a real Chromium, by keyboard and by finger."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from studies.check_queries import Found, attention_of, right_side
from studies.models import Assignment, Session, Study
from tests.playable import drawn_corpus, make_playable_study

from .conftest import DESKTOP, PHONE
from .evaluating import READY, BrowsingEvaluator
from .test_accessibility import assert_fits, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def stimuli(tmp_path) -> Path:
    """Two main items, two for practice, and one attention check made of a practice item's twin."""
    with drawn_corpus(10, 1.0).stimuli.open(newline="") as source:
        rows = list(csv.DictReader(source))
    main = list(dict.fromkeys(row["item"] for row in rows if row["kind"] == "main"))
    kept = [row for row in rows if row["item"] in main[:2] or row["kind"] == "practice"]
    for row in (row for row in rows if row["item"] == main[2] and row["condition"] in ("social", "random")):
        kept.append(row | {"kind": "attention", "correct_condition": "social"})
    target = tmp_path / "stimuli.csv"
    with target.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    return target


def test_practice_says_whether_it_was_right_and_a_check_says_what_to_choose(live_server, open_browser, stimuli):
    make_playable_study(stimuli=stimuli, speakers=10, contrasts=[("social", "random")], votes_per_comparison=4)
    link = f"{live_server.url}/study/play/"
    for size, hand in ((DESKTOP, "keyboard"), (PHONE, "touch")):
        evaluator = BrowsingEvaluator(open_browser(**size), hand)
        page = evaluator.page
        evaluator.arrive_at_first_trial(link)
        for rightly, sentence in ((False, "Here we meant the other one"), (True, "That is the one we meant")):
            practice = evaluator.assignment
            evaluator.watch()
            evaluator.choose(_side(practice, rightly=rightly))
            evaluator.confirm()
            expect(page.locator("#banner.told")).to_be_visible()
            assert_fits(page)
            picture(page, f"feedback-{'right' if rightly else 'missed'}-{hand}")
            if hand == "keyboard":
                expect(page.get_by_role("button", name="Go on")).to_be_focused()
            expect(page.get_by_role("button", name="Go on")).to_be_in_viewport(ratio=1)
            assert sentence in evaluator.read_feedback(str(practice.key))
        while evaluator.is_in_trial:
            trial = evaluator.assignment
            expect(page.locator("#instruction")).to_be_empty()
            evaluator.watch()
            if trial.kind == "attention":
                side = right_side(trial)
                expect(page.locator("#instruction")).to_have_text(re.compile(f"choose the listener on the {side} now"))
                assert_fits(page)
                picture(page, f"attention-check-{hand}")
            else:
                expect(page.locator("#instruction")).to_be_empty()
            evaluator.answer(right_side(trial) or "left")
        expect(page.locator("body[data-stage=thanks]")).to_be_visible()
    assert [attention_of(session) for session in Session.objects.all()] == [Found(shown=1, failed=0)] * 2


def _side(trial, *, rightly: bool) -> str:
    side = right_side(trial)
    return side if rightly else {"left": "right", "right": "left"}[side]


def test_a_trial_that_troubles_is_skipped_by_a_press(live_server, open_browser):
    make_playable_study()
    Study.objects.update(content_warning="Somebody tells of an illness.", support="Call 116 123.")
    for size, hand in ((DESKTOP, "keyboard"), (PHONE, "touch")):
        evaluator = BrowsingEvaluator(open_browser(**size), hand)
        evaluator.arrive_at_first_trial(f"{live_server.url}/study/play/")
        before = evaluator.assignment_key
        assert_fits(evaluator.page)
        way_out = evaluator.page.get_by_role("button", name="Skip this one")
        picture(evaluator.page, f"skip-{hand}")
        expect(way_out).to_be_in_viewport(ratio=1)
        evaluator.use(way_out)
        expect(evaluator.page.locator(f"{READY}:not([data-assignment='{before}'])")).to_be_visible()
    assert Assignment.objects.filter(state="returned").count() == 2
