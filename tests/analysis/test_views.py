import csv
import json
from html import unescape
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from analysis.figures.files import FORMATS
from studies.services.amendments import change_plan, record_deviation
from studies.services.launches import close_study
from studies.services.rehearsals import rehearse_study
from tests.factories import START, make_study

from .playing import opened_study, play_session, prefer
from .signing_in import account, text_of

pytestmark = pytest.mark.django_db

NAMES = (
    "report/", "report/votes/", "report/figures/forest.svg", "report.json", "report.csv", "report.tex", "report.html",
    "methods.txt", "methods.tex", "bundle.zip", "votes.csv", "trials.csv",
)  # fmt: skip
ADDRESSES = [f"/studies/s/{name}" for name in NAMES]


@pytest.fixture
def researcher(client):
    return account(client, staff=True, may_view=True)


def test_a_researcher_gets_everything(researcher):
    play_session(opened_study(), prefer("social"))

    for address in ADDRESSES:
        response = researcher.get(address)
        assert (address, response.status_code) == (address, 200)
        assert "no-store" in response["Cache-Control"]
        assert researcher.post(address).status_code == 405


def test_nobody_in_particular_is_asked_to_sign_in(client):
    make_study()

    for address in ADDRESSES:
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"] == f"/admin/login/?next={address}"
    assert client.post("/studies/s/report/look/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(("staff", "may_view"), [(True, False), (False, True), (False, False)])
def test_whoever_may_not_view_studies_is_refused(client, staff, may_view):
    play_session(opened_study(), prefer("social"))
    account(client, staff=staff, may_view=may_view)

    for address in ADDRESSES:
        response = client.get(address)
        assert response.status_code == 403
        assert b"social" not in response.content
        assert b"Ask whoever runs this site" in response.content
    assert client.post("/studies/s/report/look/").status_code == 403


def test_an_outsider_learns_no_studys_name(client):
    make_study()

    assert account(client, staff=True, may_view=False).get("/studies/nope/report/").status_code == 403


def test_an_unknown_study_is_a_page_that_says_so(researcher):
    make_study(key="pilot")

    response = researcher.get("/studies/nope/report/")

    assert response.status_code == 404
    assert "No study has the key &#x27;nope&#x27;. Studies here: pilot." in response.content.decode()


def test_the_page_shows_the_sentence_the_figure_and_the_tables(researcher):
    study = make_study(items=10, contrasts=("social:random", "social:rude"), votes_per_comparison=2)
    rehearse_study(study.pk, evaluators=4, preference={"social": 0.75}, at=START, seed=3)

    page = unescape(researcher.get("/studies/s/report/?include-rehearsal=1").content.decode())

    contrasts = json.loads(researcher.get("/studies/s/report.json?include-rehearsal=1").content)["contrasts"]
    page = page.replace("\u00a0", " ").replace("\u2060", "")
    assert [contrast["sentences"][0] in page for contrast in contrasts] == [True, True]
    assert page.count("<svg") - page.count('class="narrow"') == page.count("<figcaption") >= 3
    assert page.count('class="narrow"') == 1
    assert page.count("Protocol replication") >= 1
    assert "These are simulated votes" in page
    assert "style=" not in page
    assert "<script" not in page


def test_the_page_of_a_study_without_votes_says_so(researcher):
    make_study(contrasts=("social:random",))

    page = researcher.get("/studies/s/report/").content.decode()

    assert "No votes yet on social against random." in page
    assert "These are simulated votes" not in page


def test_a_study_that_compares_nothing_has_a_page(researcher):
    make_study(contrasts=())

    page = researcher.get("/studies/s/report/").content.decode()

    assert "This study compares nothing yet." in page


def test_few_evaluators_are_not_generalised_from(researcher):
    study = opened_study(items=12, contrasts=("social:random",), votes_per_comparison=2)
    for _ in range(2):
        play_session(study, prefer("social"))

    page = researcher.get("/studies/s/report/").content.decode()

    assert "cannot generalise to other evaluators without a model" in page
    assert "<td>cannot generalise</td>" in page


def test_downloads_are_files_named_after_the_study(researcher):
    play_session(opened_study(), prefer("social"))

    response = researcher.get("/studies/s/votes.csv")

    assert response["Content-Disposition"] == 'attachment; filename="s-votes.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(response.getvalue().decode())))
    assert len(rows) == 4


@pytest.mark.parametrize("file_format", ["svg", "png", "pdf"])
def test_figures_are_files_named_after_study_and_figure(researcher, file_format):
    opened_study()

    response = researcher.get(f"/studies/s/report/figures/forest.{file_format}")

    assert response["Content-Disposition"] == f'attachment; filename="s-forest.{file_format}"'
    assert response["Content-Type"] == FORMATS[file_format]


@pytest.mark.parametrize("name", ["pie.svg", "forest.gif", "forest.svg?contrast=a:b"])
def test_a_figure_that_is_none_is_a_page_that_says_so(researcher, name):
    opened_study()

    response = researcher.get(f"/studies/s/report/figures/{name}")

    assert response.status_code == 404
    assert b"There is no report here" in response.content


def test_a_file_of_the_report_stands_alone(researcher):
    play_session(opened_study(), prefer("social"))

    page = researcher.get("/studies/s/report.html").content.decode()

    assert "social was preferred over random" in page
    for outside in ("<script", "<link", "href=", "src=", "url(", "prefers-color-scheme", "var(--plot"):
        assert outside not in page


def test_planned_and_exploratory_stand_apart(researcher):
    study = make_study(items=10, contrasts=("social:random", "social:rude"), votes_per_comparison=2)
    study.contrasts.filter(control="rude").update(is_planned=False)
    rehearse_study(study.pk, evaluators=4, at=START, seed=3)

    page = text_of(researcher.get("/studies/s/report/?include-rehearsal=1"))

    preference, _, rest = page.partition("Exploratory comparison groups</h2>")
    assert "social : rude" not in preference
    assert "p, Benjamini-Hochberg" in rest


def test_the_frozen_plan_and_what_departed_from_it_are_shown(researcher):
    study = opened_study()
    someone = User.objects.create(username="ada")
    record_deviation(study.pk, what="A <server> was away.", by=someone, at=START)

    page = text_of(researcher.get("/studies/s/report/"))

    assert f"SHA-256 {study.plan.sha256}" in page.replace("\u2011", "-")
    assert "<td>ada</td><td>A <server> was away.</td>" in page
    assert "1 March 2026, 09:00 UTC" in page


def test_the_bundle_is_the_commands(researcher, tmp_path):
    study = opened_study()
    play_session(study, prefer("social"))
    call_command("export_bundle", "s", str(tmp_path / "s.zip"), stdout=StringIO())

    response = researcher.get("/studies/s/bundle.zip")

    assert response["Content-Disposition"] == 'attachment; filename="s-bundle.zip"'
    assert b"".join(response) == (tmp_path / "s.zip").read_bytes()


def test_a_margin_changed_after_launch_is_not_the_plans(researcher):
    study = opened_study(items=10, contrasts=("social:random",))
    rehearse_study(study.pk, evaluators=6, at=START, seed=3)
    change_plan(study.pk, changes={"equivalence_margin": 0.2}, reason="Too narrow.", by=None, at=START)

    page = text_of(researcher.get("/studies/s/report/?include-rehearsal=1"))
    methods = text_of(researcher.get("/studies/s/methods.txt?include-rehearsal=1"))

    changed = "the margin changed after launch on 1 March 2026 (deviation)"
    assert "30 to 70 % (changed after launch on 1 March 2026, a deviation)" in page
    assert page.count(changed) == 2
    assert changed in methods
    assert "stated in the plan" not in page + methods
    panel = text_of(account_of_all(researcher).get(f"/admin/studies/study/{study.pk}/change/"))
    assert "0.2 share points <em>Changed after launch, on 1 March 2026: see the deviations.</em>" in panel


def account_of_all(client):
    client.force_login(User.objects.create(username="all", is_staff=True, is_superuser=True))
    return client


def test_the_report_leads_to_its_study_its_exclusions_and_the_planner(researcher):
    study = opened_study(items=10, contrasts=("social:random",))
    rehearse_study(study.pk, evaluators=4, at=START, seed=3)
    reader = account_of_all(researcher)

    page = text_of(reader.get("/studies/s/report/?include-rehearsal=1"))
    exclusions = f"/admin/studies/study/{study.pk}/exclusions/"

    for link in (
        f"/admin/studies/study/{study.pk}/change/",
        f"{exclusions}?include-rehearsal=1",
        "/studies/power/?pilot=s&pilot-rehearsal=1#pilot",
    ):
        assert f'href="{link}"' in page
        assert reader.get(link).status_code == 200
    assert 'href="/studies/s/report/?include-rehearsal=1"' in text_of(reader.get(f"{exclusions}?include-rehearsal=1"))
    assert 'href="?include-rehearsal=1"' in text_of(reader.get(exclusions))
    votes = text_of(reader.get("/studies/s/report/votes/?include-rehearsal=1"))
    assert 'href="/studies/s/report/?include-rehearsal=1">Report</a>' in votes


def test_a_closed_studys_page_has_its_bundle(researcher):
    study = opened_study()
    close_study(study.pk, at=START)

    page = text_of(account_of_all(researcher).get(f"/admin/studies/study/{study.pk}/change/"))

    assert 'href="/studies/s/bundle.zip"' in page
