"""The whole of it, in order: clips in, a study in the browser's own requests, a preference out.

The best introduction to the code. The tests in tests/browser do the same in a real Chromium.
"""

import csv
import io
import json
import re

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from studies.models import Deviation, Session, Vote

from .playable import drawn_corpus, let_videos_end, let_videos_just_begin

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


class Evaluator:
    """Someone with a browser: follows links, submits forms, answers what the page asks."""

    def __init__(self, client, study_link: str):
        self.client = client
        assert b"Take part" in client.get(study_link).content
        self.address = client.post(study_link)["Location"]
        self.token = self.address.strip("/").split("/")[-1]

    def page(self) -> str:
        return self.client.get(self.address).content.decode()

    def post(self, step: str, data: dict | None = None) -> str:
        return self.client.post(self.address + step, data or {}, follow=True).content.decode()

    def consent_and_begin(self) -> dict:
        version = re.search(r'name="version" value="(\d+)"', self.page()).group(1)
        self.post("consent", {"agree": "yes", "version": version})
        return self.trial_on(self.post("begin"))

    @staticmethod
    def trial_on(page: str) -> dict:
        return json.loads(re.search(r'<script id="trial" type="application/json">(.*?)</script>', page).group(1))

    def vote(self, trial: dict, choice: str) -> dict:
        answers = {"appropriate": {"choice": choice}}
        report = {"assignment": trial["assignment"], "answers": answers, "rt_ms": 2500, "page": "p1",
                  "watched": {part: [[0, trial["length_s"]]] for part in trial["media"]},
                  "plays": dict.fromkeys(trial["media"], 1)}  # fmt: skip
        reply = self.client.post(
            self.address + "vote", json.dumps(report), content_type="application/json",
            headers={"Accept": "application/json"},
        )  # fmt: skip
        return reply.json() | {"status": reply.status_code}


def test_from_clips_to_a_preference(client, django_user_model):
    corpus = drawn_corpus(6, 1.0)
    command("import_clips", "demo", str(corpus.manifest), "--licence", "CC0", "--consent", "Drawn faces.")
    command("create_study", "demo", "--corpus", "demo", "--stimuli", str(corpus.stimuli),
            "--contrasts", "social:random,social:rude", "--votes-per-comparison", "2", "--open")  # fmt: skip

    treatment_on = {}
    for number in range(4):
        evaluator = Evaluator(client, "/study/demo/")
        trial = evaluator.consent_and_begin()
        assert trial["practice"]
        assert (trial["number"], trial["total"]) == (1, 2)
        let_videos_just_begin(evaluator.token)
        early = evaluator.vote(trial, "left")
        assert early["status"] == 400
        assert "watch the videos" in early["message"]
        reply = {"next": trial}
        while trial := reply["next"]:
            assert evaluator.trial_on(evaluator.page())["assignment"] == trial["assignment"]
            let_videos_end(evaluator.token)
            session = Session.objects.get(token=evaluator.token)
            shown = session.assignments.get(key=trial["assignment"])
            if shown.slot:
                treatment_on[shown.slot.treatment_side] = treatment_on.get(shown.slot.treatment_side, 0) + 1
            social = "left" if shown.left.condition == "social" else "right"
            reply = evaluator.vote(trial, social if number else {"left": "right", "right": "left"}[social])
            assert reply["outcome"] == "accepted"
        assert reply["stage"] == "thanks"
        code = Session.objects.get(token=evaluator.token).completion_code
        assert code in evaluator.page()
    assert treatment_on == {"left": 8, "right": 8}
    assert b"has all the answers it needs" in client.get("/study/demo/").content

    rows = list(csv.DictReader(io.StringIO(command("export_votes", "demo"))))
    assert len(rows) == Vote.objects.count() == 4 * (2 + 4)
    main = [row for row in rows if row["kind"] == "main"]
    assert len(main) == 16
    assert {row["preferred_treatment"] for row in main if row["chosen_condition"] == "social"} == {"1"}
    assert {row["left_coverage"] for row in main} == {"1.0"}

    report = json.loads(command("report_study", "demo", "--format", "json"))
    assert [(c["treatment"], c["control"], c["votes"], c["short_by"]) for c in report["contrasts"]] == [
        ("social", "random", 8, 0),
        ("social", "rude", 8, 0),
    ]
    assert sum(c["wins"] for c in report["contrasts"]) == 12
    assert all(c["interval"] is None and c["note"] for c in report["contrasts"])  # four speakers claim no interval

    assert client.get("/studies/demo/report/").status_code == 302
    client.force_login(django_user_model.objects.create_superuser("researcher"))
    # Who may stop an open study sees its results only after saying so, which is written down.
    assert "forest.svg" not in client.get("/studies/demo/report/").content.decode()
    client.post("/studies/demo/report/look/")
    assert "forest.svg" in client.get("/studies/demo/report/").content.decode()
    assert Deviation.objects.get().who == "researcher"


def test_a_rehearsal_recovers_the_preference_that_was_put_in():
    corpus = drawn_corpus(14, 1.0)
    command("import_clips", "demo", str(corpus.manifest), "--licence", "CC0", "--consent", "Drawn faces.")
    command("create_study", "demo", "--corpus", "demo", "--stimuli", str(corpus.stimuli),
            "--contrasts", "social:random,social:rude")  # fmt: skip
    said = command("rehearse_study", "demo", "--evaluators", "10", "--preference", "social=0.75", "--dropout", "0.2",
                   "--seed", "3")  # fmt: skip
    assert "10 simulated evaluators" in said
    assert Vote.objects.latest("voted_at").voted_at < now()
    report = json.loads(command("report_study", "demo", "--format", "json", "--include-rehearsal"))
    for contrast in report["contrasts"]:
        low, high = contrast["interval"]
        assert low <= 0.75 <= high
        assert contrast["short_by"] == 0
    alone = json.loads(command("report_study", "demo", "--format", "json"))
    assert [contrast["votes"] for contrast in alone["contrasts"]] == [0, 0]
