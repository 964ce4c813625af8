"""The report's and the planner's pictures in docs/images: REALTALK_SCREENSHOTS=1 pytest tests/browser -k pictures"""

import io

from PIL import Image

from studies.models import Question
from studies.services.rehearsals import rehearse_study
from tests.asked import ALL_FORMS
from tests.factories import START, make_study

from .conftest import DESKTOP
from .test_report_page import signed_in  # noqa: F401 - a fixture
from .test_screenshots import IMAGES, keep
from .test_screenshots import pytestmark as pictures_only

pytestmark = pictures_only
REHEARSED = {
    "evaluators": 12, "preference": {"social": 0.7}, "speaker_sd": 0.8, "evaluator_sd": 0.4, "careless": 0.1,
    "at": START, "seed": 4,
}  # fmt: skip


def test_pictures_of_the_report(signed_in, live_server):  # noqa: F811
    study = make_study(
        key="listen", items=30, contrasts=("social:learning2listen", "social:random", "social:rude"),
        votes_per_comparison=4,
    )  # fmt: skip
    study.title = "How do people listen?"
    study.save(update_fields=["title"])
    Question.objects.update(text="Which listener reacts more appropriately to what the speaker says?")
    rehearse_study(study.pk, retests=3, **REHEARSED)
    tall = {"viewport": {"width": 1280, "height": 1150}}
    page = signed_in("/studies/listen/report/?include-rehearsal=1", size=tall)
    keep(page, "report-desktop-light.png")
    keep_figures(page, f"{live_server.url}/studies/listen", "forest", "patterns")
    page = signed_in("/studies/power/", size=DESKTOP)
    keep(page, "power-desktop-light.png")


def test_pictures_of_how_clear_and_when(signed_in, live_server):  # noqa: F811
    study = make_study(key="clear", items=12, votes_per_comparison=10, asking=ALL_FORMS)
    rehearse_study(study.pk, ties=0.15, **REHEARSED)
    page = signed_in("/studies/clear/report/?include-rehearsal=1", size=DESKTOP)
    keep_figures(page, f"{live_server.url}/studies/clear", "how-clear", "moments")


def keep_figures(page, study, *names):
    for name in names:
        drawn = page.request.get(f"{study}/report/figures/{name}.png?include-rehearsal=1")
        picture = Image.open(io.BytesIO(drawn.body())).convert("RGB")
        picture.thumbnail((1400, 1400))
        picture.quantize(64, dither=Image.Dither.NONE).save(IMAGES / f"report-{name}.png", optimize=True)
