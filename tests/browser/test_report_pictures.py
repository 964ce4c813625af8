"""The report's and the planner's pictures in docs/images: REALTALK_SCREENSHOTS=1 pytest tests/browser -k pictures"""

import io

from PIL import Image

from studies.models import Question
from studies.services.rehearsals import rehearse_study
from tests.factories import START, make_study

from .conftest import DESKTOP
from .test_report_page import signed_in  # noqa: F401 - a fixture
from .test_screenshots import IMAGES, keep
from .test_screenshots import pytestmark as pictures_only

pytestmark = pictures_only
FIGURES = ("forest", "patterns")


def test_pictures_of_the_report(signed_in, live_server):  # noqa: F811
    study = make_study(
        key="listen", items=30, contrasts=("social:learning2listen", "social:random", "social:rude"),
        votes_per_comparison=4,
    )  # fmt: skip
    study.title = "How do people listen?"
    study.save(update_fields=["title"])
    Question.objects.update(text="Which listener reacts more appropriately to what the speaker says?")
    rehearse_study(
        study.pk, evaluators=12, preference={"social": 0.7}, speaker_sd=0.8, evaluator_sd=0.4, careless=0.1, retests=3,
        at=START, seed=4,
    )  # fmt: skip
    tall = {"viewport": {"width": 1280, "height": 1150}}
    page = signed_in("/studies/listen/report/?include-rehearsal=1", size=tall)
    keep(page, "report-desktop-light.png")
    for name in FIGURES:
        address = f"{live_server.url}/studies/listen/report/figures/{name}.png?include-rehearsal=1"
        drawn = page.request.get(address)
        picture = Image.open(io.BytesIO(drawn.body())).convert("RGB")
        picture.thumbnail((1400, 1400))
        picture.quantize(64, dither=Image.Dither.NONE).save(IMAGES / f"report-{name}.png", optimize=True)
    page = signed_in("/studies/power/", size=DESKTOP)
    keep(page, "power-desktop-light.png")
