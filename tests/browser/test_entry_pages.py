"""From the warning to the end of the entry questions in a real browser: by keyboard and by touch, axe on every page."""

from dataclasses import replace

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from studies.models import Study
from studies.services.consenting import revise_consent
from studies.services.entering import keep_entry_questions
from studies.services.launches import open_study
from tests.entered import ALL_ASKED, COMPREHENSION
from tests.factories import make_study

from .conftest import DESKTOP, PHONE
from .evaluating import BrowsingEvaluator
from .test_accessibility import assert_fits, named, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.mark.parametrize(("size", "scheme", "hand"), [(DESKTOP, "light", "keyboard"), (PHONE, "dark", "touch")])
def test_everyone_can_answer_and_is_told_why_not(live_server, open_browser, size, scheme, hand):
    study = make_study(items=2, contrasts=("a:b",), with_consent=True)
    keep_entry_questions(study, (*ALL_ASKED, replace(COMPREHENSION, key="sound")))
    Study.objects.update(
        title="How do people listen?", checks_devices=False, least_age=18,
        content_warning="Somebody tells of an illness.", support="The helpline 116 123 is open at any hour.",
    )
    open_study(study.pk, at=timezone.now())
    evaluator = BrowsingEvaluator(open_browser(**size, color_scheme=scheme), hand)
    page = evaluator.page

    def go_on() -> None:
        evaluator.use(page.get_by_role("button", name="Continue"))

    page.goto(f"{live_server.url}/study/s/")
    assert_fits(page)
    evaluator.arrive(f"{live_server.url}/study/s/")
    assert_fits(page)
    # Where the browser itself does not ask for what is missing, the page does.
    page.locator("form").evaluate("form => { form.noValidate = true; }")
    evaluator.use(page.get_by_label("I have read this text"))
    go_on()
    expect(page.get_by_role("alert")).to_be_focused()
    assert_fits(page)
    expect(page.get_by_label("I have read this text")).to_be_checked()
    evaluator.use(page.get_by_label("I am 18 years old or older."))
    go_on()

    expect(page.get_by_role("heading", level=1)).to_have_text("Questions about you")
    assert_fits(page)
    picture(page, f"entry-{named(size, scheme)}")
    page.locator("form").evaluate("form => { form.noValidate = true; }")
    evaluator.use(page.get_by_label("As well as a first language"))
    go_on()
    evaluator.use(page.get_by_role("link", name="How old are you?"))
    if hand == "keyboard":
        page.keyboard.press("Enter")
    assert_fits(page)
    expect(page.get_by_label("As well as a first language")).to_be_checked()
    evaluator.use(page.get_by_label("18 to 39"))
    go_on()

    evaluator.use(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Questions about the task")
    assert_fits(page)
    for group in page.get_by_role("group").all():
        evaluator.use(group.get_by_role("radio").first)
        if hand == "keyboard":
            page.keyboard.press("ArrowDown")
        else:
            evaluator.use(group.get_by_label("Whom I like better"))
        expect(group.get_by_label("Whom I like better")).to_be_checked()
    go_on()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please look again")
    assert_fits(page)
    for group in page.get_by_role("group").all():
        evaluator.use(group.get_by_role("radio").first)
    if hand == "touch":
        evaluator.use(page.get_by_label("Whom I like better").first)
        go_on()
        expect(page.get_by_role("heading", level=1)).to_have_text("You cannot take part in this study")
        assert_fits(page)
        picture(page, f"screened-out-{named(size, scheme)}")
    else:
        revise_consent(study.pk, {"en": "I agree to more."}, reason="More is asked.", by=None, at=timezone.now())
        go_on()
        expect(page.get_by_role("heading", level=1)).to_have_text("The text has changed")
        assert_fits(page)
