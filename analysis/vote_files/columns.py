"""Which columns of a file mean what: the formats that are known, and how one is recognised by its header. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .problems import VoteFileError, listed, shown
from .tables import Header

STUDY, PAIRS, TRIPLETS, SCALING, CROWD = "study", "pairs", "triplets", "pwcmp", "mturk"

ITEMS = ("item", "scene", "question_id", "prompt_id")
EVALUATORS = ("evaluator", "observer", "judge", "rater", "annotator", "workerid", "worker_id", "participant")


@dataclass(frozen=True)
class Format:
    """One way to write votes down.

    needed, optional  role -> the header names that are taken for it, the first that is there; compared without
                      case. A role that `needed` names must be found
    """

    name: str
    title: str
    needed: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]]


def _itself(*roles: str) -> dict[str, Sequence[str]]:
    return {role: (role,) for role in roles}


OURS = _itself(
    "chosen_side", "excluded", "exclusion_reason", "kind", "trial_index", "rt_ms", "question", "rehearsal", "study",
    "person", "adaptive", "strength",
)  # fmt: skip
WHO = {"item": ITEMS, "evaluator": EVALUATORS}

FORMATS = (
    Format(
        STUDY,
        "the export of a study (item,evaluator,treatment,control,preferred_treatment)",
        _itself("item", "evaluator", "treatment", "control", "preferred_treatment"),
        OURS,
    ),
    Format(
        TRIPLETS,
        "triplets (model_a,model_b,winner)",
        _itself("model_a", "model_b", "winner"),
        WHO,
    ),
    Format(
        PAIRS,
        "evalica's pairs (left,right,winner)",
        _itself("left", "right", "winner"),
        WHO,
    ),
    Format(
        SCALING,
        "pwcmp's columns (observer,scene,condition_A,condition_B,is_A_selected)",
        {
            "condition_a": ("condition_a", "condition_1"),
            "condition_b": ("condition_b", "condition_2"),
            "selection": ("is_a_selected", "selected_a", "selection"),
        },
        {"item": ("scene", *ITEMS), "evaluator": ("observer", *EVALUATORS)},
    ),
    Format(
        CROWD,
        "a batch of Mechanical Turk (WorkerId,AssignmentStatus,Input...,Answer...)",
        {"worker": ("workerid",), "status": ("assignmentstatus",)},
        {"rejected": ("reject",), "hit": ("hitid",)},
    ),
)
ROLES = sorted(
    {role for known in FORMATS for role in (*known.needed, *known.optional)} | {"treatment_side", "answer"}
)


@dataclass(frozen=True)
class Recognised:
    """What a header was taken for: its format, and the place of the column that has each role."""

    format: Format
    header: Header
    roles: Mapping[str, int]

    def name(self, role: str) -> str:
        return self.header.names[self.roles[role]]


def recognise(headers: Sequence[Header], given: Mapping[str, str], *, file: str) -> Recognised:
    """What the file is, by the names in its header and the roles that were given for some of them.

    headers  the same line, read with each delimiter that could be meant
    given    role -> header name, as --columns says
    Raises   VoteFileError: the file is empty, no known format, a name that is not there or there twice
    """
    if not headers:
        raise VoteFileError([f"{file} is empty: its first line must name the columns."])
    unknown = [f"--columns: there is no role {shown(role)}; roles are {', '.join(ROLES)}." for role in given
               if role not in ROLES]  # fmt: skip
    if unknown:
        raise VoteFileError(unknown)
    for header in headers:
        places = _places(header, given)
        for known in FORMATS:
            found = _roles(known, places)
            if set(known.needed) <= set(found):
                return _unambiguous(Recognised(known, header, found | _given_roles(header, given)), given, file)
    raise VoteFileError(_why_unknown(headers[0], given, file))


def _places(header: Header, given: Mapping[str, str]) -> dict[str, int]:
    """Header names without case, and roles that were given, to their column; the first of equal ones."""
    places: dict[str, int] = {}
    for place, name in enumerate(header.names):
        places.setdefault(name.casefold(), place)
    return places | _given_roles(header, given)


def _given_roles(header: Header, given: Mapping[str, str]) -> dict[str, int]:
    names = [name.casefold() for name in header.names]
    return {role: names.index(name.casefold()) for role, name in given.items() if name.casefold() in names}


def _roles(known: Format, places: Mapping[str, int]) -> dict[str, int]:
    roles = {}
    for role, names in (*known.needed.items(), *known.optional.items()):
        place = next((places[name] for name in (role, *names) if name in places), None)
        if place is not None:
            roles[role] = place
    return roles


def _unambiguous(found: Recognised, given: Mapping[str, str], file: str) -> Recognised:
    header = found.header
    names = [name.casefold() for name in header.names]
    problems = _missing(header, given, file)
    for place in sorted(set(found.roles.values())):
        times = names.count(names[place])
        if times > 1:
            where = f"{file}, line {header.line}: column {shown(header.names[place])}"
            problems.append(f"{where} appears {times} times: keep the one that is meant.")
    if problems:
        raise VoteFileError(problems)
    return found


def _missing(header: Header, given: Mapping[str, str], file: str) -> list[str]:
    names = [name.casefold() for name in header.names]
    return [
        f"{file}, line {header.line}: --columns says that {role} is in column {shown(name)}, which is not there; "
        f"its columns are {listed(header.names)}."
        for role, name in given.items()
        if name.casefold() not in names
    ]


def _why_unknown(header: Header, given: Mapping[str, str], file: str) -> list[str]:
    problems = _missing(header, given, file)
    if problems:
        return problems
    columns = listed([shown(name) for name in header.names])
    places = _places(header, given)
    nearest, lacking = None, 99
    for known in FORMATS:
        roles = _roles(known, places)
        missing = [known.needed[role][0] for role in known.needed if role not in roles]
        if len(missing) < min(lacking, len(known.needed)):
            nearest, lacking = (known, missing), len(missing)
    told = f"{file}, line {header.line}: the columns {columns} are no format of votes that is known"
    remedy = "say which column is which, as in --columns item=clip,evaluator=rater,model_a=one,model_b=two,winner=vote"
    if nearest:
        known, missing = nearest
        return [f"{told}. Nearest is {known.title}, of which {', '.join(missing)} is missing: add it, or {remedy}."]
    return [f"{told}: it must be one of " + "; ".join(known.title for known in FORMATS) + f"; or {remedy}."]
