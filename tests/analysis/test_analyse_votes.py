"""A report for votes of any origin: without a database, and the same as a study's own."""

import csv
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studies.models import QuestionForm
from studies.services.exclusions import exclude_votes
from tests.factories import START

from .playing import opened_study, play_session

ROOT = Path(__file__).resolve().parents[2]
OF_THE_STUDY_ALONE = {
    "title", "state", "question_text", "generated_at", "sessions_needed", "plan", "flow", "target", "valid", "live",
    "short_by", "file", "retests", "groups",
}  # fmt: skip


def analysed(path, *arguments):
    out, notes = StringIO(), StringIO()
    call_command("analyse_votes", str(path), *arguments, stdout=out, stderr=notes)
    return out.getvalue(), notes.getvalue()


def exported(path, *arguments):
    out = StringIO()
    call_command("export_votes", *arguments, stdout=out)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def shared(report):
    """What a study's report and a file's both say: comparison groups in one order, nothing of the study alone."""
    kept = {key: value for key, value in report.items() if key not in OF_THE_STUDY_ALONE | {"contrasts"}}
    contrasts = sorted(report["contrasts"], key=lambda contrast: (contrast["treatment"], contrast["control"]))
    return kept | {
        "contrasts": [{k: v for k, v in one.items() if k not in OF_THE_STUDY_ALONE} for one in contrasts]
    }


def some_choice(seed):
    draw = random.Random(seed)
    return lambda trial: draw.choice(["left", "right", "right", "tie"])


@pytest.mark.django_db
def test_an_export_analysed_says_what_the_study_says(tmp_path):
    study = opened_study(
        items=12, contrasts=("social:random", "social:rude"), votes_per_comparison=6, practice=1, form=QuestionForm.TIE
    )
    sessions = [play_session(study, some_choice(n), at=START + timedelta(hours=n)) for n in range(8)]
    exclude_votes(study.pk, rule="too_fast", reason="by hand", at=START, sessions=sessions[:1])
    exclude_votes(study.pk, rule="odd", reason="by hand", at=START, assignments=sessions[1].assignments.all()[2:4])
    out = StringIO()
    call_command("report_study", "s", "--format", "json", stdout=out)

    printed, _ = analysed(exported(tmp_path / "v.csv", "s"), "--format", "json")

    of_file, of_study = shared(json.loads(printed)), shared(json.loads(out.getvalue()))
    assert of_file == of_study
    assert sum(contrast["votes"] for contrast in of_file["contrasts"]) == 96 - 14
    assert of_file["set_aside"] == {"odd": 2, "too_fast": 12}


BY_ALPHABET = (
    "The file does not say which of two is the treatment: the first by the alphabet is called so (x:y, x:z). "
    "Choose with --treatment NAME."
)
TRIPLETS = "item,evaluator,model_a,model_b,winner\n" + "".join(
    f"i{n % 12},e{n % 7},{a},{b},{(a, b, 'tie')[n % 3]}\n"
    for n in range(84)
    for a, b in [(("x", "y"), ("y", "x"), ("z", "x"))[n * 5 % 3]]
)


def test_no_database_is_asked_and_none_need_be_there(tmp_path):
    """This test has no database mark: a query would fail it. In a process, the address leads nowhere."""
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS)
    printed, _ = analysed(path, "--format", "json")

    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "analyse_votes", str(path), "--format", "json"],
        env={**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"},
        capture_output=True, check=True, text=True,
    )  # fmt: skip

    # The code's version is of each process: a commit between them is no difference of numbers.
    assert {**json.loads(done.stdout), "code_version": ""} == {**json.loads(printed), "code_version": ""}
    assert json.loads(printed)["file"] == {
        "name": "v.csv",
        "sha256": hashlib.sha256(TRIPLETS.encode()).hexdigest(),
        "format": "triplets (model_a,model_b,winner)",
        "rows": 84,
        "notes": ["No column says on which side each was shown, so side bias cannot be told.", BY_ALPHABET],
    }


def test_every_format_is_of_the_same_numbers(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS)

    report = json.loads(analysed(path, "--format", "json")[0])
    found = list(csv.DictReader(StringIO(analysed(path, "--format", "csv")[0])))

    assert [(row["treatment"], row["control"], float(row["share"])) for row in found] == [
        (contrast["treatment"], contrast["control"], contrast["share"]) for contrast in report["contrasts"]
    ]
    assert [row["interval_low"] or None for row in found] == [
        str(contrast["interval"][0]) if contrast["interval"] else None for contrast in report["contrasts"]
    ]
    text, notes = analysed(path)
    assert report["contrasts"][0]["sentences"][0] in text
    assert notes == (
        f"Note: No column says on which side each was shown, so side bias cannot be told.\nNote: {BY_ALPHABET}\n"
    )


def test_a_treatment_by_the_alphabet_is_said_in_the_report_and_chosen_with_an_option(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS)
    sentence = "The file does not say which of the two is the treatment: x is called so, being first by the alphabet."

    for form in ("text", "html", "json"):
        assert analysed(path, "--format", form)[0].count(sentence) == 2
        printed, notes = analysed(path, "--format", form, "--treatment", "y,z")
        assert ("by the alphabet" in printed, "by the alphabet" in notes) == (False, False)
    told = json.loads(analysed(path, "--format", "json", "--treatment", "y,z")[0])
    assert [(one["treatment"], one["control"]) for one in told["contrasts"]] == [("y", "x"), ("z", "x")]


def test_the_same_file_gives_the_same_bytes_and_a_shuffled_one_the_same_numbers(tmp_path):
    path, mixed = tmp_path / "v.csv", tmp_path / "w.csv"
    path.write_text(TRIPLETS)
    head, *lines = TRIPLETS.splitlines(keepends=True)
    random.Random(3).shuffle(lines)
    mixed.write_text(head + "".join(lines))

    first, again, other = (analysed(one, "--format", "json")[0] for one in (path, path, mixed))

    assert first == again
    assert json.loads(first)["contrasts"] == json.loads(other)["contrasts"]
    assert json.loads(first)["agreement"] == json.loads(other)["agreement"]


def test_margin_primary_exploratory_and_direction_are_said_on_the_command_line(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS)

    printed, _ = analysed(
        path, "--format", "json", "--margin", "0.1", "--primary", "z:x", "--exploratory", "x:y", "--treatment", "z",
    )  # fmt: skip

    report = json.loads(printed)
    assert [(c["treatment"], c["control"], c["planned"]) for c in report["contrasts"]] == [
        ("x", "y", False), ("z", "x", True),
    ]  # fmt: skip
    assert (report["plan"]["primary"], report["plan"]["equivalence_margin"]) == ("z:x", 0.1)
    assert report["contrasts"][1]["equivalence"]["margin"] == 0.1


def test_the_report_can_be_written_to_a_file(tmp_path):
    path, out = tmp_path / "v.csv", tmp_path / "report.json"
    path.write_text(TRIPLETS)

    printed, _ = analysed(path, "--format", "json", "--out", str(out))

    assert printed == ""
    assert out.read_text() == analysed(path, "--format", "json")[0]
    with pytest.raises(CommandError, match="cannot be written"):
        analysed(path, "--out", str(tmp_path / "no" / "report.txt"))


def test_a_file_is_never_written_over_itself(tmp_path):
    path, link = tmp_path / "v.csv", tmp_path / "link.csv"
    path.write_text(TRIPLETS)
    link.symlink_to(path)

    for out in (path, link, tmp_path / "sub" / ".." / "v.csv"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        with pytest.raises(CommandError, match="is the file of votes itself: name another"):
            analysed(path, "--out", str(out))
    assert path.read_text() == TRIPLETS


def test_as_a_page_and_as_a_table_for_a_paper(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS.replace(",z", ",50_%<b>"))

    page, table = (analysed(path, "--format", form)[0] for form in ("html", "latex"))

    assert "<title>Report: v.csv</title>" in page
    assert "50_%&lt;b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert r"50\_\%$<$b$>$" in table


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ij"), st.sampled_from("ef"), st.sampled_from(["a b", "b a", "c a"]), st.sampled_from("abt")
        ),
        min_size=1,
        max_size=12,
    )
)
def test_few_votes_of_any_kind_are_a_report_or_a_sentence(tmp_path, rows):
    path = tmp_path / "v.csv"
    lines = [f"{i},{e},{pair[0]},{pair[2]},{'tie' if w == 't' else 'model_' + w}" for i, e, pair, w in rows]
    path.write_text("item,evaluator,model_a,model_b,winner\n" + "\n".join(lines))

    for form in ("json", "text", "csv", "latex", "html"):
        printed, _ = analysed(path, "--format", form, "--margin", "0.2")
        assert not re.search(r"\bnan\b", printed, re.IGNORECASE)
        assert printed.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--primary", "a:b"], "--primary: there is no 'a:b'; the comparison groups are x:y, x:z."),
        (["--exploratory", "a:b"], "--exploratory: there is no 'a:b'; the contrasts are x:y, x:z."),
        (["--treatment", "q"], "--treatment: no vote names 'q'; the names are x, y, z."),
        (["--columns", "item"], "is not ROLE=COLUMN"),
        (["--margin", "5"], "is no margin: give a share about one half"),
        (["--delimiter", "ab"], "--delimiter is one character"),
        (["--delimiter", ";"], "are no format of votes that is known"),
    ],
)
def test_a_choice_that_cannot_be_is_a_sentence(tmp_path, arguments, sentence):
    path = tmp_path / "v.csv"
    path.write_text(TRIPLETS)

    with pytest.raises(CommandError) as refused:
        analysed(path, *arguments)

    assert sentence in str(refused.value)


def test_every_problem_of_a_file_is_printed(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("model_a,model_b,winner\na,a,a\na,b,c\n")

    with pytest.raises(CommandError) as refused:
        analysed(path)

    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["v.csv, line 2", "v.csv, line 3"]
