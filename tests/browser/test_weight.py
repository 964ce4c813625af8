"""What a browser fetches to show a trial: little, and all of it from this site."""

import gzip

import pytest
from playwright.sync_api import expect

from tests.playable import make_playable_study

from .evaluating import BrowsingEvaluator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
MOST_KB = 60


def test_a_trial_weighs_little_without_its_videos_and_no_request_leaves_the_site(live_server, open_browser, capsys):
    make_playable_study()
    evaluator = BrowsingEvaluator(open_browser())
    evaluator.arrive_at_first_trial(f"{live_server.url}/study/play/")
    asked, answered = [], {}
    page = evaluator.page
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: answered.update({response.url: response}))
    page.reload()
    evaluator.watch()
    expect(page.locator("form.open[data-phase=ready]")).to_be_visible()

    assert [url for url in asked if not url.startswith((f"{live_server.url}/", "blob:", "data:"))] == []
    assert len([url for url in asked if "/m/" in url]) >= 3
    weights = {url: weight_of(response) for url, response in list(answered.items()) if is_of_the_page(response)}
    assert {url.rsplit(".", 1)[-1] for url in weights} >= {"js", "css", "svg"}
    total_kb = sum(weights.values()) / 1000
    with capsys.disabled():
        print(f"\nA trial without its videos: {total_kb:.1f} kB in {len(weights)} files")  # noqa: T201
    assert total_kb < MOST_KB


def is_of_the_page(response) -> bool:
    return response.request.method == "GET" and response.url.startswith("http") and "/m/" not in response.url


def weight_of(response) -> int:
    """Bytes on the wire without headers: static files are served as gzip, pages and JSON as they are."""
    body = response.body()
    return len(gzip.compress(body, 9) if "/static/" in response.url else body)
