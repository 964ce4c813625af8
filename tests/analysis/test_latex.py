import dataclasses
import shutil
import subprocess

import pytest

from analysis.latex import SPECIAL, escaped, latex_methods, latex_table
from analysis.report_parts import PlanFacts
from analysis.votes import ContrastName

from .reporting import MADE_AT, made_up_report

NASTY = (
    ContrastName("a_b & 100% #1", r"{x} \input{/etc/passwd} $y$ ^~"),
    ContrastName("[2]", "<é>", planned=False),
)


def test_what_means_something_to_latex_is_printed_in_place_of_obeyed():
    assert escaped("50 % & a_b #1 {x} $5 ^ ~ \\") == (
        r"50 \% \& a\_b \#1 \{x\} \$5 \textasciicircum{} \textasciitilde{} \textbackslash{}"
    )
    assert escaped("“a” – b’s\u00a0c") == "``a'' -- b's~c"


def test_line_breaks_and_characters_that_none_sees_become_one_space():
    assert escaped("a\r\n\tb\u202ec\x00") == "a b c "


def test_the_table_has_a_row_a_comparison_group_planned_ones_first():
    names = (ContrastName("x", "y", planned=False), ContrastName("social", "random"))
    lines = latex_table(made_up_report(contrasts=names)).splitlines()

    rows = [line for line in lines if " & 48 & " in line]
    assert [row.split(" & ")[:3] for row in rows] == [["social", "random", "48"], ["x", "y", "48"]]
    assert [line for line in lines if "emph" in line] == [
        r"\multicolumn{8}{l}{\emph{Planned}} \\", r"\multicolumn{8}{l}{\emph{Exploratory}} \\",
    ]  # fmt: skip
    assert {row.count(" & ") for row in rows} == {7}


def test_without_exploratory_groups_nothing_is_said_of_planned_ones():
    assert "emph" not in latex_table(made_up_report(contrasts=(ContrastName("a", "b"),)))


def test_no_votes_and_no_comparison_groups_are_a_table_too():
    none = latex_table(made_up_report(contrasts=(ContrastName("a", "b"),), speakers=0))

    assert r"a & b & 0 & 0 & -- & -- & -- & -- \\" in none
    assert r"\toprule" in latex_table(made_up_report(contrasts=(), speakers=0))


def test_a_rehearsal_is_called_one():
    names = (ContrastName("social", "random"),)
    assert "Rehearsal" in latex_table(dataclasses.replace(made_up_report(contrasts=names), rehearsal=True))
    assert "Rehearsal" not in latex_table(made_up_report(contrasts=names))


def test_a_name_that_latex_would_take_for_an_argument_is_kept_apart():
    assert "\n{[2]} & b & " in latex_table(made_up_report(contrasts=(ContrastName("[2]", "b"),)))


def compiled(tmp_path, *parts: str) -> str:
    """The log of compiling a plain article of these parts."""
    paper = (
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}"
        "\n" + "\n\n".join(parts) + "\n" + r"\end{document}"
    )
    (tmp_path / "paper.tex").write_text(paper, encoding="utf-8")
    made = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", "paper.tex"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-2000:]
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF-")
    return made.stdout


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_table_and_methods_compile(tmp_path):
    report = made_up_report(contrasts=NASTY, ties=0.1)
    compiled(tmp_path, latex_table(report), latex_methods(report), escaped("".join(SPECIAL)))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_table_and_methods_fit_a_plain_article(tmp_path):
    names = (ContrastName("social", "learning2listen"), ContrastName("social_untuned", "mismatched", planned=False))
    plan = PlanFacts(sha256="0123456789abcdef" * 4, frozen_at=MADE_AT, equivalence_margin=0.1)
    report = dataclasses.replace(made_up_report(contrasts=names, plan=plan), rehearsal=True)
    assert "Overfull" not in compiled(tmp_path, latex_table(report), latex_methods(report))
