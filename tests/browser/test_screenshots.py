"""The pictures in docs/images, taken from the running pages: REALTALK_SCREENSHOTS=1 pytest tests/browser -k pictures"""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from studies.asking import AskedQuestion, Asking
from tests.playable import ONE_QUESTION, make_playable_study

from .conftest import DESKTOP, PHONE
from .evaluating import BrowsingEvaluator

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.skipif("REALTALK_SCREENSHOTS" not in os.environ, reason="REALTALK_SCREENSHOTS is not set"),
]


REASONS = {
    "face": "Facial expression", "gaze": "Where they look", "timing": "Timing", "nods": "Nodding",
    "fit": "Fits what is said", "other": "Something else",
}  # fmt: skip
POINTS = Asking(
    (AskedQuestion("appropriate", ONE_QUESTION.questions[0].text, "5-point", tuple(REASONS.items())),),
    asks_comment=True,
    asks_when=True,
)
SEVERAL = Asking(
    (
        AskedQuestion("appropriate", "Which listener reacts more appropriately?", reasons=tuple(REASONS.items())[:4]),
        AskedQuestion("warmer", "Which listener seems warmer?", "tie"),
        AskedQuestion("attentive", "Which listener seems more attentive?", "tie"),
    ),
    asks_comment=True,
)


def keep(page: Page, name: str) -> None:
    """Save what the window shows, in 256 colours: small enough to be committed."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_the_evaluators_pages(live_server, open_browser, size, scheme):
    make_playable_study(length_s=6.0)
    device = "phone" if size is PHONE else "desktop"
    page = open_browser(**size, color_scheme=scheme, reduced_motion="reduce")  # nothing half-way
    evaluator = BrowsingEvaluator(page)
    evaluator.arrive(f"{live_server.url}/study/play/")
    keep(page, f"consent-{device}-{scheme}.png")
    evaluator.agree()
    evaluator.count_tones(wrongly=True)
    keep(page, f"check-{device}-{scheme}.png")
    evaluator.count_tones()
    evaluator.use(page.get_by_role("button", name="Go on"))
    keep(page, f"instructions-{device}-{scheme}.png")
    evaluator.begin()
    for _ in range(2):
        evaluator.watch()
        evaluator.answer("left")
    evaluator.watch()
    evaluator.play()
    page.locator("#timeline").evaluate(
        "bar => new Promise(done => { const look = () => bar.value > 0.4 && bar.value < 0.9 ? done() "
        ": requestAnimationFrame(look); look(); })"
    )
    evaluator.play()
    expect(page.locator("form[data-phase=paused]")).to_be_visible()
    evaluator.choose("left")
    page.mouse.move(2, 2)
    keep(page, f"trial-{device}-{scheme}.png")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_other_questions(live_server, open_browser, size, scheme):
    make_playable_study(key="points", length_s=6.0, asking=POINTS)
    make_playable_study(key="several", length_s=6.0, asking=SEVERAL)
    device = "phone" if size is PHONE else "desktop"
    for study in ("points", "several"):
        page = open_browser(**size, color_scheme=scheme, reduced_motion="reduce")
        evaluator = BrowsingEvaluator(page)
        evaluator.arrive_at_first_trial(f"{live_server.url}/study/{study}/")
        evaluator.play()
        page.locator("#timeline").evaluate(
            "bar => new Promise(done => { const look = () => bar.value > 0.4 ? done() : requestAnimationFrame(look);"
            " look(); })"
        )
        if study == "points":
            page.locator("#mark").click()
        expect(page.locator("form.open[data-phase=ready]")).to_be_visible()
        evaluator.choose("right2" if study == "points" else "left")
        page.get_by_role("checkbox", name=REASONS["gaze"]).check()
        page.get_by_role("checkbox", name=REASONS["timing"]).check()
        if study == "several":
            page.locator("[data-question=warmer] label:has(input[value=left])").click()
        page.mouse.move(2, 2)
        keep(page, f"trial-{study}-{device}-{scheme}.png")
