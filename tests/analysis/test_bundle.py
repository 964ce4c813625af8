"""The bundle says what the report says, recomputes it on its own, and gives nobody away."""

import csv
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analysis.bundle.fields import tables
from analysis.bundle.writing import write_bundle
from analysis.report_json import report_as_dict
from analysis.reports import build_report
from studies.models import ConsentVersion, Deviation, Plan, QuestionForm, Session
from studies.services.exclusions import exclude_votes
from studies.services.launches import open_study
from studies.services.rehearsals import rehearse_study
from tests.factories import START, make_study

from .playing import opened_study, play_session

pytestmark = pytest.mark.django_db

FILES = {
    "README.md", "LICENCE.md", "datapackage.json", "codebook.md", "plan.json", "report.json", "report.html",
    "reproduce.py", "formulas.py", "ranking.py", "analyse.R", *(f"{name}.csv" for name in (
        "votes", "trials", "sessions", "items", "stimuli", "comparisons", "exclusions", "deviations",
        "consent_versions", "triplets", "pwcmp", "reported", "report",
    )),
}  # fmt: skip


def bundled(study, **options):
    out = io.BytesIO()
    write_bundle(study, out, **options)
    return out.getvalue()


def opened(content):
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return {entry.filename: bundle.read(entry) for entry in bundle.infolist()}


def rows_of(files, name):
    return list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode())))


def some_choice(seed):
    draw = random.Random(seed)
    return lambda trial: draw.choice(["left", "right", "right", "tie"])


def played_study(*, contrasts=("social:random", "social:rude", "random:rude"), items=12, sessions=8):
    study = make_study(
        items=items, contrasts=contrasts, votes_per_comparison=4, practice=1, form=QuestionForm.TIE
    )
    Plan.objects.filter(study=study).update(equivalence_margin=0.2, hypotheses="Better is better.")
    study.contrasts.filter(control="rude", treatment="random").update(is_planned=False)
    study = open_study(study.pk, at=START)
    played = [play_session(study, some_choice(n), at=START + timedelta(hours=n)) for n in range(sessions)]
    exclude_votes(study.pk, rule="too_fast", reason="=by hand", at=START, sessions=played[:1])
    ConsentVersion.objects.create(study=study, version=1, text="I agree.", sha256="0" * 64, created_at=START)
    Deviation.objects.create(study=study, what="One more evaluator.", at=START + timedelta(days=2))
    return study


@cache
def full_bundle():
    """One bundle for all tests that only look into it; made in the first one's database."""
    return bundled(played_study())


@pytest.fixture
def unpacked(tmp_path):
    def unpack(content):
        folder = tmp_path / "bundle"
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            bundle.extractall(folder)
        return folder

    return unpack


def alone(folder):
    """Run reproduce.py where only numpy, scipy, pandas and what they need can be imported."""
    site = folder.parent / "site"
    site.mkdir(exist_ok=True)
    packages = Path(sys.modules["numpy"].__file__).parents[1]
    for found in packages.iterdir():
        if re.match(r"(numpy|scipy|pandas|dateutil|six|pytz|tzdata)([.-].*)?$", found.name) and not (
            site / found.name
        ).exists():
            (site / found.name).symlink_to(found)
    start = f"import sys, runpy; sys.path += [{str(site)!r}, {str(folder)!r}]; sys.argv = ['reproduce.py']; "
    start += f"runpy.run_path({str(folder / 'reproduce.py')!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start], cwd=site, capture_output=True, text=True, check=False, env={}
    )


def test_it_recomputes_every_number_in_a_clean_environment(unpacked):
    folder = unpacked(full_bundle())

    done = alone(folder)

    assert (done.stderr, done.returncode) == ("", 0)
    last = re.search(r"(\d+) votes count; (\d+) numbers compared, 0 differ", done.stdout)
    assert last, done.stdout
    assert int(last[1]) == 84
    assert int(last[2]) > 300
    assert set(re.findall(r"^ +([a-z_:]+) ", done.stdout, re.M)) >= {
        "plan", "social:random", "random:rude", "agreement", "bradley_terry",
    }  # fmt: skip


def test_a_number_that_differs_is_named_and_fails(unpacked):
    folder = unpacked(full_bundle())
    report = json.loads((folder / "report.json").read_text())
    report["contrasts"][0]["share"] += 1e-6
    (folder / "report.json").write_text(json.dumps(report))

    done = alone(folder)

    assert done.returncode == 1
    assert re.search(r"^DIFFERS +social:random +share ", done.stdout, re.M)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_r_finds_the_same_headline(unpacked):
    folder = unpacked(full_bundle())

    done = subprocess.run(
        ["Rscript", str(folder / "analyse.R")], capture_output=True, text=True, check=False, cwd=folder.parent
    )

    assert (done.returncode, "0 differ" in done.stdout) == (0, True), done.stdout + done.stderr
    table = (folder / "report.csv").read_text().replace("social,random,1,", "social,random,1,9", 1)
    (folder / "report.csv").write_text(table)
    spoilt = subprocess.run(["Rscript", str(folder / "analyse.R")], capture_output=True, text=True, check=False)
    assert (spoilt.returncode, "DIFFERS social:random votes" in spoilt.stdout) == (1, True)


def test_the_report_in_it_is_the_studys(unpacked):
    study = played_study(contrasts=("social:random",), sessions=3)

    files = opened(bundled(study))

    assert set(files) == FILES
    newest = datetime.fromisoformat(json.loads(files["report.json"])["generated_at"])
    assert newest == START + timedelta(days=2)
    assert json.loads(files["report.json"]) == json.loads(
        json.dumps(report_as_dict(build_report(study, at=newest)))
    )


def test_the_same_rows_give_the_same_bytes(tmp_path):
    study = played_study(contrasts=("social:random",), sessions=2)

    first, again = bundled(study), bundled(study)
    call_command("export_bundle", "s", str(tmp_path / "b.zip"), verbosity=0)

    for other in (again, (tmp_path / "b.zip").read_bytes()):
        assert [name for name, content in opened(first).items() if content != opened(other)[name]] == []
        assert first == other
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        entries = bundle.infolist()
    assert [entry.filename for entry in entries] == sorted(FILES)
    assert {entry.date_time for entry in entries} == {(2026, 3, 3, 9, 0, 0)}


def test_the_data_package_describes_every_file_and_column():
    files = opened(full_bundle())
    package = json.loads(files["datapackage.json"])

    assert {resource["path"] for resource in package["resources"]} == FILES - {"datapackage.json"}
    for resource in package["resources"]:
        content = files[resource["path"]]
        assert resource["bytes"] == len(content)
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    tables_of = {resource["name"]: resource for resource in package["resources"] if "schema" in resource}
    assert {f"{name}.csv" for name in tables_of} == {name for name in FILES if name.endswith(".csv")}
    for name, resource in tables_of.items():
        violations(files, name, resource["schema"], tables_of)


TYPED = {"integer": int, "number": float, "datetime": datetime.fromisoformat, "string": str}


def violations(files, name, schema, others):
    """Asserts that the rows are as the schema says: names, types, required cells, keys, references."""
    rows = rows_of(files, name)
    header = files[f"{name}.csv"].decode().splitlines()[0].split(",")
    assert header == [field["name"] for field in schema["fields"]]
    for field in schema["fields"]:
        cells = [row[field["name"]] for row in rows]
        if field.get("constraints", {}).get("required"):
            assert "" not in cells, (name, field["name"])
        for cell in filter(None, cells):
            if field["type"] == "boolean":
                assert cell in field["trueValues"] + field["falseValues"]
            else:
                value = TYPED[field["type"]](cell)
                assert field.get("constraints", {}).get("maximum", value) >= value, (name, field["name"])
    if "primaryKey" in schema:
        keys = [tuple(row[column] for column in schema["primaryKey"]) for row in rows]
        assert len(set(keys)) == len(keys), name
    for reference in schema.get("foreignKeys", []):
        there = {row[reference["reference"]["fields"]] for row in rows_of(files, reference["reference"]["resource"])}
        assert {row[reference["fields"]] for row in rows} <= there, (name, reference)


def test_the_codebook_describes_every_column():
    files = opened(full_bundle())
    book = files["codebook.md"].decode()

    for table in tables():
        section = book.split(f"\n## {table.path}\n")[1].split("\n## ")[0]
        header = files[table.path].decode().splitlines()[0].split(",")
        assert re.findall(r"^\| `(\w+)` \|", section, re.M) == header == table.columns
    assert "## report.json: The report's contrasts" in book
    assert "](" not in book


def test_nobody_is_given_away():
    study = played_study(contrasts=("social:random",), sessions=2)

    text = "\n".join(content.decode() for content in opened(bundled(study)).values())

    for session in Session.objects.filter(study=study).select_related("evaluator"):
        for secret in (session.token, session.completion_code, session.evaluator.identity_hash):
            assert secret not in text
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
    assert not re.search(r"renditions/|clips/", text)


def test_exclusions_deviations_plan_and_other_tools_tables():
    files = opened(full_bundle())

    (excluded,) = rows_of(files, "exclusions")
    assert (excluded["rule"], excluded["reason"], excluded["undoes"]) == ("too_fast", "'=by hand", "")
    assert rows_of(files, "deviations")[-1]["what"] == "One more evaluator."
    plan = json.loads(files["plan.json"])
    assert hashlib.sha256(plan["text"].encode()).hexdigest() == plan["sha256"]
    assert json.loads(plan["text"])["hypotheses"] == plan["in_force"]["hypotheses"] == "Better is better."
    counted = [row for row in rows_of(files, "votes") if row["kind"] == "main" and row["excluded"] == "0"]
    triplets, pwcmp = rows_of(files, "triplets"), rows_of(files, "pwcmp")
    assert [row["winner"] for row in triplets] == [
        {"left": "model_a", "right": "model_b", "tie": "tie"}[row["chosen_side"]] for row in counted
    ]
    assert [row["is_A_selected"] for row in pwcmp] == [
        {"left": "1", "right": "0", "tie": "0.5"}[row["chosen_side"]] for row in counted
    ]


@pytest.mark.parametrize("name", ["votes", "triplets", "pwcmp"])
def test_each_of_its_vote_tables_is_read_by_analyse_votes(unpacked, name):
    folder = unpacked(full_bundle())
    told = json.loads((folder / "report.json").read_text())
    out = io.StringIO()

    arguments = ["--treatment", "social", *(["--first-is-left"] if name != "votes" else [])]
    call_command(
        "analyse_votes", str(folder / f"{name}.csv"), "--format", "json", *arguments, stdout=out, stderr=io.StringIO()
    )

    found = {(one["treatment"], one["control"]): one for one in json.loads(out.getvalue())["contrasts"]}
    assert len(found) == len(told["contrasts"]) == 3
    for contrast in told["contrasts"]:
        same = found[contrast["treatment"], contrast["control"]]
        for number in ("votes", "ties", "share", "interval", "p", "signflip_speaker_p", "binomial_p", "side"):
            assert same[number] == contrast[number]
    assert json.loads(out.getvalue())["agreement"] == told["agreement"]


def test_a_study_without_votes_is_a_bundle_with_a_sentence(unpacked):
    study = opened_study(items=4, contrasts=("social:random",))
    folder = unpacked(bundled(study))

    done = alone(folder)

    assert (done.stderr, done.returncode) == ("", 0)
    assert "There are no votes that count yet" in done.stdout
    assert "No vote counts yet" in (folder / "README.md").read_text()


def test_a_rehearsal_is_bundled_when_asked_for(unpacked):
    study = make_study(items=12, contrasts=("social:random",), votes_per_comparison=4)
    rehearse_study(study.pk, evaluators=4, preference={"social": 0.75}, at=START, seed=5)

    without, with_it = opened(bundled(study)), bundled(study, rehearsal=True)

    assert rows_of(without, "votes") == rows_of(without, "sessions") == []
    assert "nobody's preference" in opened(with_it)["README.md"].decode()
    done = alone(unpacked(with_it))
    assert (done.returncode, "48 votes count" in done.stdout) == (0, True), done.stdout


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path):
    opened_study(items=2)
    (tmp_path / "here").mkdir()
    there = tmp_path / "here" / "b.zip"
    there.write_bytes(b"mine")

    with pytest.raises(CommandError, match="is there already"):
        call_command("export_bundle", "s", str(there))
    assert there.read_bytes() == b"mine"
    call_command("export_bundle", "s", str(there), "--force", stdout=io.StringIO())
    assert zipfile.is_zipfile(there)
    assert [path.name for path in there.parent.iterdir()] == ["b.zip"]


@pytest.mark.parametrize(
    ("key", "file", "sentence"),
    [
        ("nope", "b.zip", "No study has the key 'nope'"),
        ("s", "no/b.zip", "does not exist: make it first"),
        ("s", ".", "is a folder: name the zip to write in it"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(tmp_path, key, file, sentence):
    opened_study(items=2)
    (tmp_path / "here").mkdir()

    with pytest.raises(CommandError, match=sentence):
        call_command("export_bundle", key, str(tmp_path / "here" / file))
    assert list((tmp_path / "here").iterdir()) == []
