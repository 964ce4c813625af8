"""A report from its plain values, the inverse of `report_as_dict`: a stored report makes the page it made then."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from .agreement import Agreement
from .bradley_terry import BradleyTerry
from .clarity import Clarity
from .equivalence import Equivalence
from .groups import GroupTable
from .influence import Influence
from .looks import PlannedLook
from .mixed_logit import MixedLogit
from .patterns import Pattern
from .remarks import Added, Moments, Reason
from .report_parts import Report
from .response_times import ResponseTimes
from .retests import Retests
from .side_order import OrderEffect, SideBias
from .summary import Summary

# What report_parts names only for type checkers.
NAMED = {
    part.__name__: part
    for part in (
        Added, Agreement, BradleyTerry, Clarity, Equivalence, GroupTable, Influence, MixedLogit, Moments, OrderEffect,
        Pattern, PlannedLook, Reason, ResponseTimes, Retests, SideBias,
    )
}  # fmt: skip


class NotThisReport(ValueError):
    """The values are not those that this version of the report has."""


def report_from_dict(values: Mapping[str, Any]) -> Report:
    """The report whose `report_as_dict` this is, equal to it in every field.

    Raises  NotThisReport where another version of the software wrote it
    """
    try:
        contrasts = [*map(_contrast, values["contrasts"])]
        return _made(Report, {**values, "flow": _flow(values["flow"]), "contrasts": contrasts})
    except (KeyError, TypeError, AttributeError, ValueError) as reason:
        raise NotThisReport(f"These values are of another version of the report: {reason}") from None


def _flow(values: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if values is None else {**values, "excluded": [*values["excluded"].items()]}


def _contrast(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is flat or renamed in the JSON, as the dataclass has it."""
    found = dict(values)
    found["summary"] = {field.name: found.pop(field.name) for field in fields(Summary)}
    influence = found.pop("influence")
    for kind in ("speaker", "evaluator"):
        found[f"{kind}_influence"] = influence[kind]
        rows = found[f"per_{kind}"]
        if rows is not None:
            found[f"per_{kind}"] = [{"name": row[kind]} | {k: v for k, v in row.items() if k != kind} for row in rows]
    del found["short_by"]
    return found


def _made(kind: Any, value: Any) -> Any:
    """The value as this type has it: JSON knows neither tuples nor times nor names of types."""
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (part for part in get_args(kind) if part is not type(None))
    if kind is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        hints = _hints(kind)
        if set(hints) != set(value):
            raise NotThisReport(f"{kind.__name__} has {', '.join(sorted(set(hints) ^ set(value)))} or has not.")
        return kind(**{name: _made(hint, value[name]) for name, hint in hints.items()})
    return _collected(kind, value)


def _collected(kind: Any, value: Any) -> Any:
    inside = get_args(kind)
    if get_origin(kind) is tuple:
        each = [inside[0]] * len(value) if inside[-1] is Ellipsis else inside
        return tuple(_made(one, part) for one, part in zip(each, value, strict=True))
    if isinstance(value, Mapping):
        return {name: _made(inside[1], part) for name, part in value.items()}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns=NAMED)
