"""The whole study inside another site's frame, as recruitment platforms show it, with that frame's cookies refused."""

import re

import pytest
from playwright.sync_api import expect

from studies.models import Session, Vote
from tests.playable import make_playable_study

from .conftest import DESKTOP, FLAGS
from .evaluating import BrowsingEvaluator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PLATFORM = "http://recruit.example/"
# A public site may not reach this machine's own server, which is what the test's server is.
REACH_THIS_MACHINE = "--disable-features=LocalNetworkAccessChecks"


def test_a_study_works_in_a_frame_of_another_site_without_cookies(live_server, chromium, chromium_path, settings):
    settings.REALTALK_FRAME_ANCESTORS = [PLATFORM.rstrip("/")]
    make_playable_study()
    link = f"{live_server.url}/study/play/"
    browser = chromium.browser_type.launch(
        executable_path=chromium_path, args=[*FLAGS, REACH_THIS_MACHINE, "--test-third-party-cookie-phaseout"]
    )
    try:
        page = browser.new_context(**DESKTOP).new_page()
        page.route(PLATFORM, lambda route: route.fulfill(
            content_type="text/html", body=f'<!doctype html><iframe src="{link}" width=1200 height=780></iframe>'
        ))  # fmt: skip
        refused = []
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        page.goto(PLATFORM)
        expect(page.locator("iframe")).to_be_visible()
        (frame,) = page.main_frame.child_frames
        evaluator = BrowsingEvaluator(frame)
        frame.get_by_role("button", name="Take part").click()
        frame.wait_for_url(re.compile(r"/s/[^/]+/$"))
        evaluator.consent()
        evaluator.begin()
        while evaluator.is_in_trial:
            evaluator.watch()
            evaluator.answer("left")
        expect(frame.locator("body")).to_contain_text(Session.objects.get().completion_code)
        assert Vote.objects.count() == 6
        assert browser.contexts[0].cookies() == []
        assert refused == []
    finally:
        browser.close()
