"""A report as plain values in full precision: what JSON and bundle hold, and what everything else is rounded from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

from .report_parts import ContrastReport, PlanFacts, Report, Tally


def report_as_dict(report: Report) -> dict[str, object]:
    """Plain values in full precision, None where nothing can be said; docs/data-dictionary.md names them all."""
    return {
        "study": report.study,
        "title": report.title,
        "state": report.state,
        "rehearsal": report.rehearsal,
        "question": report.question,
        "question_text": report.question_text,
        "secondary_to": report.secondary_to,
        "generated_at": _time(report.generated_at),
        "code_version": report.code_version,
        "sessions_needed": report.sessions_needed,
        "set_aside": report.set_aside,
        "plan": _plan(report.plan),
        "exclusions": [row._asdict() for row in report.exclusions],
        "flow": _flow(report),
        "agreement": _plain(report.agreement),
        "bradley_terry": _plain(report.bradley_terry),
        "retests": _plain(report.retests),
        "groups": _plain(report.groups),
        "adaptive_votes": report.adaptive_votes,
        "looks": _looks(report),
        "contrasts": [_contrast(contrast) for contrast in report.contrasts],
    }


def report_as_json(report: Report) -> str:
    return json.dumps(report_as_dict(report), indent=2, ensure_ascii=False, allow_nan=False)


def _contrast(contrast: ContrastReport) -> dict[str, object]:
    return _fields(contrast.summary) | {
        "target": contrast.target,
        "valid": contrast.valid,
        "live": contrast.live,
        "short_by": contrast.short_by,
        "sentences": list(contrast.sentences),
        "planned": contrast.planned,
        "holm_p": contrast.holm_p,
        "bh_p": contrast.bh_p,
        "wilson": _plain(contrast.wilson),
        "jeffreys": _plain(contrast.jeffreys),
        "side": _plain(contrast.side),
        "order": _plain(contrast.order),
        "influence": {
            "evaluator": _plain(contrast.evaluator_influence),
            "speaker": _plain(contrast.speaker_influence),
        },
        "equivalence": _plain(contrast.equivalence),
        "clarity": _plain(contrast.clarity),
        "patterns": _plain(contrast.patterns),
        "reasons": _plain(contrast.reasons),
        "moments": _plain(contrast.moments),
        "rt": _plain(contrast.rt),
        "mixed_logit": _plain(contrast.mixed_logit),
        "all_votes": _plain(contrast.all_votes),
        "per_speaker": _tallies("speaker", contrast.per_speaker),
        "per_evaluator": _tallies("evaluator", contrast.per_evaluator),
        "notes": list(contrast.notes),
    }


def _tallies(kind: str, rows: Iterable[Tally] | None) -> list[dict[str, object]] | None:
    if rows is None:
        return None
    return [
        {kind: row.name, "votes": row.votes, "wins": row.wins, "ties": row.ties, "share": row.share} for row in rows
    ]


def _plan(plan: PlanFacts) -> dict[str, object]:
    deviations = [{"what": row.what, "by": row.by, "at": _time(row.at)} for row in plan.deviations]
    changed_at = {name: _time(at) for name, at in plan.changed_at.items()}
    return _fields(plan) | {"frozen_at": _time(plan.frozen_at), "changed_at": changed_at, "deviations": deviations}


def _flow(report: Report) -> dict[str, object] | None:
    return None if report.flow is None else _fields(report.flow) | {"excluded": dict(report.flow.excluded)}


def _looks(report: Report) -> list[dict[str, object]] | None:
    if report.looks is None:
        return None
    return [_fields(look) | {"complete_at": _time(look.complete_at)} for look in report.looks]


def _fields(value: object) -> dict[str, object]:
    return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}


def _plain(value: object) -> object:
    """Dataclasses and named tuples as dicts, other sequences as lists; whatever is plain already as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
