"""A study as one zip that recomputes its own report. The same rows give the same bytes, whenever it is made."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from analysis.exports import trials_csv, votes_csv
from analysis.records import primary_question
from analysis.report_json import report_as_dict, report_as_json
from analysis.report_parts import Report
from analysis.report_rows import report_rows
from analysis.reports import build_report
from analysis.standalone import report_page
from retrieval.csv_lines import csv_lines
from studies.models import Contrast, Plan, Study

from . import tables as rows_of
from .codebook import Packed, Subject, codebook, data_package
from .fields import tables
from .texts import licence_note, readme

SCRIPTS = Path(__file__).resolve().parent / "scripts"
# A zip knows no time before 1980.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
Rows = Iterable[Mapping[str, object]]


def write_bundle(study: Study, file: IO[bytes] | Path, *, rehearsal: bool = False) -> None:
    """Write the bundle of a study's rows as they are now.

    file       a path, or a binary file open for writing
    rehearsal  the report is of the rehearsal's simulated votes, which are then among the rows
    Raises     NoQuestion
    """
    moment = rows_of.last_moment(study, with_rehearsal=rehearsal)
    report = build_report(study, rehearsal=rehearsal, at=moment)
    with tempfile.TemporaryDirectory(prefix="bundle-") as made_in:
        folder = Path(made_in)
        _write_files(folder, study, report, rehearsal=rehearsal)
        _zip(folder, file, at=max(moment.astimezone(UTC), EARLIEST))


def _write_files(folder: Path, study: Study, report: Report, *, rehearsal: bool) -> None:
    described = tables()
    rows = _all_rows(study, report, rehearsal=rehearsal)
    exported = {
        "votes": votes_csv(study, with_rehearsal=rehearsal),
        "trials": trials_csv(study, with_rehearsal=rehearsal),
    }
    for table in described:
        lines = exported[table.name] if table.name in exported else csv_lines(table.columns, rows[table.name])
        _write(folder / table.path, lines)
    corpus = study.corpus
    subject = Subject(
        key=study.key,
        title=study.title,
        created=_iso(report.generated_at),
        version=report.code_version,
        licence=f"see LICENCE.md: {corpus.title}",
    )
    texts = {
        "report.json": report_as_json(report) + "\n",
        "report.html": report_page(report),
        "plan.json": _plan_json(study, report),
        "codebook.md": codebook(described),
        "README.md": readme(report, subject),
        "LICENCE.md": licence_note(
            corpus=corpus.title, licence=corpus.licence, consent=corpus.consent_statement
        ),
        **{script.name: script.read_text(encoding="utf-8") for script in _scripts()},
    }
    for name, text in texts.items():
        _write(folder / name, [text])
    files = [_packed(path) for path in sorted(folder.iterdir())]
    _write(folder / "datapackage.json", [data_package(subject, described, files)])


def _all_rows(study: Study, report: Report, *, rehearsal: bool) -> dict[str, Rows]:
    question = primary_question(study)
    return {
        "sessions": rows_of.session_rows(study, with_rehearsal=rehearsal),
        "items": rows_of.item_rows(study),
        "stimuli": rows_of.stimulus_rows(study),
        "comparisons": rows_of.comparison_rows(study, rehearsal=rehearsal),
        "exclusions": rows_of.exclusion_rows(study, with_rehearsal=rehearsal),
        "deviations": rows_of.deviation_rows(study),
        "consent_versions": rows_of.consent_rows(study),
        "triplets": rows_of.triplet_rows(study, question, rehearsal=rehearsal),
        "pwcmp": rows_of.pwcmp_rows(study, question, rehearsal=rehearsal),
        "reported": [{"study": study.key, "question": question.key, "rehearsal": rehearsal}],
        "report": report_rows(report),
    }


def _plan_json(study: Study, report: Report) -> str:
    """What was frozen, with its hash, and what holds now: they differ by the deviations. And what answers may add."""
    question = primary_question(study)
    plan = Plan.objects.filter(study=study).first()
    contrasts = Contrast.objects.filter(study=study).order_by("position", "pk")
    held = {
        "sha256": plan.sha256 if plan else "",
        "frozen_at": _iso(plan.frozen_at) if plan and plan.frozen_at else None,
        "text": plan.text if plan else "",
        "in_force": report_as_dict(report)["plan"],
        "contrasts": [{"treatment": c.treatment, "control": c.control, "planned": c.is_planned} for c in contrasts],
        "reasons": question.reasons,
        "asks_when": study.asks_when,
    }
    return json.dumps(held, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _scripts() -> list[Path]:
    return [SCRIPTS / name for name in ("reproduce.py", "formulas.py", "ranking.py", "analyse.R")]


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(lines)


def _packed(path: Path) -> Packed:
    with path.open("rb") as content:
        return Packed(path.name, path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())


def _zip(folder: Path, file: IO[bytes] | Path, *, at: datetime) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(path.name, date_time=at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # as on Unix, whatever made it
            entry.external_attr = 0o644 << 16
            with path.open("rb") as content, bundle.open(entry, "w") as out:
                while part := content.read(1 << 20):
                    out.write(part)


def _iso(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else ""
