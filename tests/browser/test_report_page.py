"""The researcher's report in a real browser: light, dark, phone and print, with every part it can have."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studies.models import Deviation
from studies.services.rehearsals import rehearse_study
from tests.analysis.playing import opened_study, play_session, prefer
from tests.factories import START, make_study

from .conftest import DESKTOP, PHONE
from .test_accessibility import violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SIZES = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
GROUPS = ("social:random", "social:rude", "random:rude")


@pytest.fixture
def signed_in(live_server, client, django_user_model, chromium):
    """Opens a page of the site as a superuser."""
    user = django_user_model(username="researcher", is_staff=True, is_superuser=True)
    user.save()
    client.force_login(user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    contexts = []

    def open_page(address: str, *, size=DESKTOP, scheme="light") -> Page:
        context = chromium.new_context(**size, color_scheme=scheme)
        context.add_cookies([cookie])
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{live_server.url}{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def assert_fine(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []


def picture(page: Page, name: str) -> None:
    """For eyes: kept where REALTALK_PICTURES names a folder."""
    if folder := os.environ.get("REALTALK_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def named(size, scheme, what: str) -> str:
    return f"{what}-{size['viewport']['width']}-{scheme}"


def test_a_report_with_everything_is_free_of_violations(signed_in, live_server):
    study = make_study(items=12, contrasts=GROUPS, votes_per_comparison=4)
    rehearse_study(
        study.pk, evaluators=12, preference={"social": 0.75, "random": 0.6}, speaker_sd=1.0, evaluator_sd=0.5,
        at=START, seed=3,
    )  # fmt: skip
    for size, scheme in SIZES:
        page = signed_in("/studies/s/report/?include-rehearsal=1", size=size, scheme=scheme)
        expect(page.get_by_role("heading", name="Ranking")).to_be_visible()
        page.get_by_text("Numbers of this figure").first.click()
        assert_fine(page)
        is_phone = size == PHONE
        assert page.locator("svg.forest-narrow").is_visible() == is_phone
        assert page.locator("svg.forest").is_visible() != is_phone
        assert page.locator(".sideways").first.is_visible() == is_phone
        picture(page, named(size, scheme, "report"))
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0

    page = signed_in("/studies/s/report/?include-rehearsal=1")
    page.emulate_media(media="print")
    if folder := os.environ.get("REALTALK_PICTURES"):
        page.pdf(path=str(Path(folder) / "report.pdf"), format="A4")
    assert page.locator(".report-bar").is_hidden()
    assert not any(folded.is_visible() for folded in page.locator("details").all())
    page.set_viewport_size({"width": 680, "height": 1000})  # A4 less its margins
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    page.set_viewport_size(DESKTOP["viewport"])

    page.emulate_media(media="screen")
    page.locator("main table a").first.click()
    expect(page.get_by_role("heading", name="Votes that count (48)")).to_be_visible()
    for size, scheme in SIZES[::3]:
        page = signed_in("/studies/s/report/votes/?include-rehearsal=1&speaker=speaker3", size=size, scheme=scheme)
        assert_fine(page)
        picture(page, named(size, scheme, "votes"))

    with page.expect_download() as download:
        page.evaluate("location.href = '/studies/s/report.html?include-rehearsal=1'")
    saved = signed_in("/studies/s/report/votes/")
    saved.goto("about:blank")
    saved.set_content(Path(download.value.path()).read_text())
    assert_fine(saved)
    picture(saved, "file")


def test_whoever_may_stop_an_open_study_says_so_before_looking(signed_in):
    study = opened_study(items=4, contrasts=GROUPS)
    play_session(study, prefer("social"))
    for size, scheme in SIZES[::3]:
        page = signed_in("/studies/s/report/", size=size, scheme=scheme)
        expect(page.get_by_role("heading", name="Results are hidden while votes come in")).to_be_visible()
        assert_fine(page)
        picture(page, named(size, scheme, "sealed"))
    page = signed_in("/studies/s/votes.csv")
    assert_fine(page)
    page.get_by_role("link", name="To the report").click()
    page.get_by_role("button", name="Look anyway").click()
    expect(page.get_by_role("heading", name="Preference")).to_be_visible()
    assert page.get_by_text(Deviation.objects.get().what).is_visible()
    picture(page, "looked")


def test_a_study_without_votes_has_a_page(signed_in):
    make_study(contrasts=("social:random",))
    page = signed_in("/studies/s/report/", size=PHONE)
    expect(page.get_by_text("No votes yet on social against random.")).to_be_visible()
    assert_fine(page)
    picture(page, "empty")
