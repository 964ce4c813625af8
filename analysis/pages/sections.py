"""Agreement, ranking, groups, exclusions and plan: the parts of the page that are about the study as a whole."""

from dataclasses import dataclass, replace
from datetime import UTC

from analysis import wording
from analysis.figures.ranking import oriented
from analysis.groups import GroupTable, multiplicity_warning
from analysis.report_parts import PlanFacts, Report
from studies.adaptive_lists import share_sentence
from studies.stopping_rules import stopping_sentence

from .tables import Cell, Section, Table, heading, signed, signed_range, table, tables, unbroken, votes_query

PLAN_OF_PRIMARY = (
    "What the plan says of the primary question alone stands in that question’s report: which comparison groups were "
    "planned, which one is primary, the equivalence margin."
)
NOT_DECLARED = "not declared"
ABILITIES = (
    "Bradley-Terry abilities on the logit scale (with ties: Davidson’s model). A condition’s rank is one more than the "
    "number of conditions that are better by Holm’s p under .05, for further speakers and evaluators."
)
PARTS = {
    "Hypotheses": "hypotheses",
    "Primary comparison group": "primary",
    "Exclusion rules, in order": "exclusion_rules",
    "Equivalence margin": "equivalence_margin",
    "Stopping rule": "stopping_rule",
    "Adaptive votes": "adaptive_share",
}
SYSTEMS_OWN = {
    "late": "late: its place was taken, or the study was closed, when it came",
    "surplus": "surplus: the vote that it replaced counts again",
    "replaced": "replaced: its place was given to another evaluator",
}


@dataclass(frozen=True)
class Step:
    """One box of the flow from arrival to analysis; `left_out` stands beside the way to the next."""

    label: str
    number: str
    left_out: tuple[str, ...] = ()


def flow_steps(report: Report) -> tuple[Step, ...]:
    """Empty where votes come from a file: nobody arrived."""
    flow = report.flow
    if flow is None:
        return ()
    aside = tuple(f"{rule}: {_counted(sessions, 'session')}" for rule, sessions in flow.excluded)
    withdrew = f"beside them, withdrew and had their data deleted: {_counted(flow.withdrawn, 'session')}"
    screened = f"could not take part: {_counted(flow.screened_out, 'session')}"
    return (
        Step("arrived", str(flow.arrived), (withdrew,) if flow.withdrawn else ()),
        Step("consented", str(flow.consented), (screened,) if flow.screened_out else ()),
        Step("began a trial after practice", str(flow.practised)),
        Step("finished", str(flow.finished)),
        Step("gave an answer that could count", str(flow.answered), aside),
        Step("analysed", str(flow.analysed)),
    )


def exclusions(report: Report) -> Section:
    rows = [
        (
            Cell(SYSTEMS_OWN.get(row.rule, row.rule)),
            Cell(str(row.votes), votes_query(rule=row.rule)),
            wording.NONE if row.sessions is None else str(row.sessions),
        )
        for row in report.exclusions
    ]
    paragraphs = () if rows else ("No answer was set aside.",)
    columns = ("First rule", "Answers", "Evaluators")
    found = tables(table("Answers set aside; nothing is deleted", columns, rows))
    return Section("exclusions", "Who was counted", paragraphs, tables=found)


def agreement(report: Report) -> Section:
    sentences = []
    if found := report.agreement:
        parts = []
        if found.percent is not None:
            parts.append(f"two votes on the same pair agree in {found.percent:.1f} %")
        if found.alpha is not None:
            between = ""
            if found.alpha_interval:
                between = f" (95 % interval {signed_range(found.alpha_interval)}, bootstrap)"
            parts.append(f"Krippendorff’s alpha {signed(found.alpha)}{between}")
        if found.ac1 is not None:
            parts.append(f"Gwet’s AC1 {signed(found.ac1)}")
        if parts:
            sentences.append(f"Over {_counted(found.units, 'pair')} of listeners: {', '.join(parts)}.")
        sentences.append(found.note)
    if (again := report.retests) and again.pairs:
        interval = f" (95 % interval {wording.percent_range(again.interval)})" if again.interval else ""
        sentences.append(
            f"Asked again with sides swapped, evaluators gave the same answer to {again.consistent} of "
            f"{_counted(again.pairs, 'pair')}, {wording.percent(again.share)}{interval}; the same side in "
            f"{again.same_side}. {again.note}"
        )
    return Section("agreement", "Agreement", tuple(unbroken(sentence) for sentence in sentences if sentence))


def ranking(report: Report) -> Section:
    found = report.bradley_terry
    conditions = {name for row in report.contrasts for name in (row.summary.treatment, row.summary.control)}
    if found is None or len(conditions) < 3:
        return Section("ranking", "Ranking")
    notices = tuple(
        f"{' over '.join([*cycle, cycle[0]])}: no order of these agrees with their votes."
        for cycle in found.intransitive
    )
    if not found.estimable:
        return Section("ranking", "Ranking", (unbroken(found.note or ""),), notices)
    adaptive = wording.adaptive_sentence(report.adaptive_votes)
    by_ability = sorted(found.abilities, key=lambda name: (-found.abilities[name], name))
    abilities = [
        (
            name,
            str(found.ranks.get(name, wording.NONE)),
            signed(found.abilities[name]),
            signed_range(found.intervals.get(name)),
        )
        for name in by_ability
    ]
    differences = [
        (
            f"{pair.a} : {pair.b}",
            signed(pair.difference),
            signed(pair.se),
            wording.number(pair.df),
            signed_range(pair.interval),
            wording.p_text(pair.p),
            wording.p_text(pair.holm_p),
        )
        for pair in map(oriented, found.differences)
    ]
    return Section(
        key="ranking",
        title="Ranking",
        paragraphs=tuple(filter(None, (ABILITIES, adaptive, unbroken(found.note or "")))),
        notices=notices,
        tables=tables(
            table("Conditions by ability", ("Condition", "Rank", "Ability", "95 % interval"), abilities),
            table("Differences, clustered by speaker and evaluator",
                  ("Pair", "Difference", "Standard error", "df", "95 % interval", "p", "p, Holm"), differences),
        ),
    )  # fmt: skip


def response_times(report: Report) -> Section:
    """Votes too fast to be considered, and evaluators who stand apart; the rest is in the figure."""
    fast = [
        (heading(row), str(row.rt.votes), str(row.rt.fast), f"{row.rt.fast_ms / 1000:g} s")
        for row in report.contrasts
        if row.rt
    ]
    apart = [
        (
            heading(row),
            Cell(other.evaluator, votes_query(row.key, evaluator=other.evaluator)),
            str(other.votes),
            f"{other.median_ms / 1000:.1f} s",
        )
        for row in report.contrasts
        if row.rt
        for other in row.rt.outliers
    ]
    rules = {row.rt.rule for row in report.contrasts if row.rt and row.rt.outliers}
    return Section(
        key="times",
        title="Response times",
        paragraphs=tuple(sorted(rules)),
        tables=tables(
            table("Votes too fast to be considered", ("Comparison group", "With a time", "Too fast", "Under"), fast),
            table("Evaluators whose times stand apart", ("Comparison group", "Evaluator", "Votes", "Median"), apart),
        ),
    )


def groups(report: Report) -> Section:
    """A folded table each; small cells are told as one line, and how many cells there are is told once."""
    found = [table for table in report.groups or () if any(row.suppressed is None for row in table.rows)]
    cells = sum(row.suppressed is None for table in found for row in table.rows)
    notices = (multiplicity_warning(cells),) if cells else ()
    return Section("groups", "Who agrees with whom", (), notices, tables(*map(_group_table, found)))


def _group_table(found: GroupTable) -> Table:
    told = [row for row in found.rows if row.suppressed is None]
    rows = [
        (
            row.group or NOT_DECLARED,
            str(row.people),
            str(row.votes),
            wording.percent(row.share),
            wording.percent_range(row.interval),
            wording.p_text(row.p),
            wording.p_text(row.holm_p),
        )
        for row in told
    ]
    if kept_back := len(found.rows) - len(told):
        rows.append((f"{kept_back} small, not told", *[wording.NONE] * 6))
    of_contrast = f", {found.contrast.replace(':', ' : ')}" if found.contrast else ""
    caption = f"By {found.of}’s {found.attribute}{of_contrast}"
    columns = (found.attribute, "People", "Votes", "Share", "95 % interval", "p", "p, Holm")
    return replace(table(caption, columns, rows), folded=True)


def plan(report: Report) -> Section:
    facts = report.plan
    said = []
    if facts.sha256:
        frozen = f", frozen {_moment(facts.frozen_at)}" if facts.frozen_at else ""
        said.append(("Plan", f"SHA-256 {facts.sha256}{frozen}"))
    margin = facts.equivalence_margin
    said += [
        ("Hypotheses", facts.hypotheses),
        ("Primary comparison group", (facts.primary or "").replace(":", " : ")),
        ("Planned", _names(report.planned)),
        ("Exploratory", _names(report.exploratory)),
        ("Exclusion rules, in order", "; ".join(facts.exclusion_rules)),
        ("Equivalence margin", "" if margin is None else f"{100 * (0.5 - margin):g} to {100 * (0.5 + margin):g} %"),
        ("Stopping rule", stopping_sentence(facts.stopping_rule) if facts.stopping_rule else ""),
        ("Adaptive votes", share_sentence(facts.adaptive_share)),
    ]
    rows = [(name, text + _changed(facts, PARTS.get(name, ""))) for name, text in said if text]
    deviations = [(_moment(row.at), row.by or "nobody is named", row.what) for row in facts.deviations]
    frozen = "No plan was frozen: nothing here was promised before the votes." if not facts.sha256 else ""
    none = "No deviation from the plan is recorded." if facts.sha256 and not deviations else ""
    return Section(
        key="plan",
        title="Plan and deviations",
        paragraphs=tuple(filter(None, (frozen, none, PLAN_OF_PRIMARY if report.secondary_to is not None else ""))),
        tables=tables(
            table("The plan in force", ("Part", "What it says"), rows, words=True),
            table("Deviations from the frozen plan", ("When", "By", "What"), deviations, words=True),
        ),
    )


def _changed(plan: PlanFacts, part: str) -> str:
    at = plan.changed_at.get(part)
    return f" (changed after launch on {wording.day(at)}, a deviation)" if at else ""


def fill(report: Report) -> Section:
    rows = [
        (heading(row), str(row.target), str(row.valid), str(row.live), str(row.short_by), str(row.summary.votes))
        for row in report.contrasts
        if row.target is not None
    ]
    more = report.sessions_needed
    said = () if more is None else (
        f"At least {_counted(more, 'further session')} needed." if more else "No further sessions are needed.",
    )  # fmt: skip
    columns = ("Comparison group", "Target", "Valid", "Live", "Short by", "In the report")
    found = tables(table("Votes wanted and had", columns, rows))
    return Section("progress", "How full the study is", said, tables=found)


def _names(contrasts: tuple) -> str:
    return ", ".join(heading(contrast).text for contrast in contrasts)


def _moment(at) -> str:
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
