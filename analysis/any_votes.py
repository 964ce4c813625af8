"""The report of a file of votes, in every format that a study's report has. Needs no database."""

import json
from dataclasses import replace
from pathlib import PurePath

from .report_json import report_as_dict
from .report_parts import About, ContrastReport, PlanFacts, Report
from .report_rows import report_rows_csv
from .report_text import report_as_text
from .results import compute_report
from .versions import code_version
from .vote_files import VoteFile, VoteFileError

FORMATS = ("text", "json", "csv", "latex", "html")


def report_of_file(read: VoteFile, *, margin: float | None, primary: str | None) -> Report:
    """The report of what was read; the file's name stands where a study's title does, and its key if none is said.

    margin   of equivalence, in share about one half; None where none was stated before the votes were seen
    primary  "treatment:control" of the primary comparison group, None where none is named
    Raises   VoteFileError where there is no such comparison group
    """
    there = [contrast.key for contrast in read.votes.contrasts]
    if primary is not None and primary not in there:
        raise VoteFileError([f"--primary: there is no {primary!r}; the comparison groups are {', '.join(there[:20])}."])
    about = About(
        study=read.study or PurePath(read.name).stem,
        title=read.name,
        state="file",
        question=read.question,
        question_text=read.question or "Which was preferred?",
        code_version=code_version(),
        rehearsal=read.rehearsal,
    )
    report = compute_report(read.votes, plan=PlanFacts(primary=primary, equivalence_margin=margin), about=about)
    return replace(report, contrasts=tuple(_with_direction(contrast, read) for contrast in report.contrasts))


def _with_direction(contrast: ContrastReport, read: VoteFile) -> ContrastReport:
    if contrast.key not in read.by_alphabet:
        return contrast
    name = contrast.summary.treatment
    note = f"The file does not say which of the two is the treatment: {name} is called so, being first by the alphabet."
    return replace(contrast, notes=(*contrast.notes, note))


def as_format(report: Report, form: str, *, read: VoteFile) -> str:
    """The report in one of FORMATS; the same file gives the same bytes. The JSON holds besides what file was read."""
    if form == "json":
        file = {
            "name": read.name,
            "sha256": read.sha256,
            "format": read.format,
            "rows": read.rows,
            "notes": list(read.notes),
        }
        return json.dumps({**report_as_dict(report), "file": file}, indent=2, ensure_ascii=False, allow_nan=False)
    if form == "csv":
        return "".join(report_rows_csv(report)).removesuffix("\n")
    if form == "latex":
        from .latex import latex_table

        return latex_table(report)
    if form == "html":
        from .standalone import report_page

        return report_page(report)
    return report_as_text(report)
