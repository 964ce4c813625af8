"""The methods paragraph: what was asked, of whom, how it was computed and by which code, ready for a paper."""

from importlib.metadata import PackageNotFoundError, version

from studies.stopping_rules import parse_stopping_rule, stopping_sentence

from .look_texts import adjusted_p, looks_sentence
from .report_parts import ContrastReport, Report
from .wording import day, margin_clause, p_text

LIBRARIES = ("numpy", "scipy")
NAMED = {"exclusion_rules": "exclusion rules", "votes_per_comparison": "target"}
BESIDE = (
    "Beside it stand exact sign-flip tests over speakers and over evaluators, and the exact binomial with the "
    "Clopper-Pearson interval, which takes votes for independent and answers only for these very clips."
)


def methods_paragraph(report: Report) -> str:
    """One paragraph of plain text, every number from the report; says nothing of sections that are empty."""
    sentences = [
        _design(report),
        _counted(report),
        _headline(report),
        _adjusted(report),
        _looks(report),
        BESIDE,
        _clarity(report),
        _ranking(report),
        _equivalence(report),
        _exclusions(report),
        _plan(report),
        _software(report),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _design(report: Report) -> str:
    asked = f" the question “{report.question_text}”" if report.question_text else " which of the two reacted better"
    simulated = "In a rehearsal, simulated evaluators" if report.rehearsal else "Evaluators"
    secondary = "" if report.secondary_to is None else (
        " It was asked beside the primary question, and no test of it was planned: its results are exploratory."
    )
    return f"{simulated} watched one speaker and two listeners side by side and answered{asked}.{secondary}"


def _counted(report: Report) -> str:
    if not report.contrasts:
        return ""
    votes = sum(contrast.summary.votes for contrast in report.contrasts)
    who = _different(report, "per_evaluator", "evaluator")
    what = _different(report, "per_speaker", "speaker’s clip", "speakers’ clips")
    people = f" of {who}" if who else ""
    clips = f" on {what}" if what else ""
    groups = "; ".join(
        f"{kind} {_listed(contrasts)}"
        for kind, contrasts in (("planned:", report.planned), ("exploratory:", report.exploratory))
        if contrasts
    )
    number = len(report.contrasts)
    return (
        f"The analysis counts {votes} vote{'' if votes == 1 else 's'}{people}{clips} in {number} comparison "
        f"group{'' if number == 1 else 's'} ({groups})."
    )


def _listed(contrasts: tuple[ContrastReport, ...]) -> str:
    return ", ".join(f"{row.summary.treatment} over {row.summary.control}" for row in contrasts)


def _different(report: Report, column: str, one: str, many: str = "") -> str:
    """How many different people or clips; empty where the votes do not say."""
    tallies = [getattr(contrast, column) for contrast in report.contrasts]
    if any(rows is None for rows in tallies):
        return ""
    names = {row.name for rows in tallies for row in rows}
    return f"1 {one}" if len(names) == 1 else f"{len(names)} {many or one + 's'}"


def _headline(report: Report) -> str:
    ties = sum(contrast.summary.ties for contrast in report.contrasts)
    tied = ", a tie counting one half," if ties else ""
    return (
        f"We report the share of votes for the treatment{tied} with a 95 % interval and a two-sided p that allow for "
        "votes on one speaker, and of one evaluator, resembling each other: two-way cluster-robust variance (Cameron, "
        "Gelbach & Miller 2011), Satterthwaite degrees of freedom (Satterthwaite 1946), and Wilson’s interval (1927) "
        "at the effective number of votes (after Korn & Graubard 1998)."
    )


def _adjusted(report: Report) -> str:
    parts = []
    if len(report.planned) > 1:
        parts.append(f"p of the {len(report.planned)} planned comparison groups were adjusted by Holm’s method")
    if report.exploratory:
        parts.append("those of exploratory ones by the method of Benjamini and Hochberg")
    return f"The {', '.join(parts)}." if parts else ""


def _looks(report: Report) -> str:
    if not report.looks:
        return ""
    rule = report.plan.stopping_rule
    planned = stopping_sentence(rule)
    came = looks_sentence(report.looks, parse_stopping_rule(rule))
    p = adjusted_p(report.looks)
    told = f" Adjusted for the looks, p of {report.looks[0].contrast} is {p_text(p)}." if p is not None else ""
    return f"{planned} {came}{told}"


def _clarity(report: Report) -> str:
    if not any(contrast.clarity for contrast in report.contrasts):
        return ""
    return (
        "Answers were given on five points, from clearly one listener to clearly the other; their mean, from -2 to 2, "
        "has the same two-way variance and degrees of freedom, and Student’s interval."
    )


def _ranking(report: Report) -> str:
    ranking = report.bradley_terry
    if ranking is None or not ranking.estimable or len(ranking.abilities) < 3:
        return ""
    return (
        f"The {len(ranking.abilities)} conditions were ranked by a Bradley-Terry model (with ties: Davidson’s), "
        "differences tested with the same two-way rule and adjusted by Holm’s method." + _adaptive(report)
    )


def _adaptive(report: Report) -> str:
    if not report.adaptive_votes:
        return ""
    return (
        f" The ranking also uses {report.adaptive_votes} votes on comparison groups chosen, in batches, by the votes "
        "before them (weighted optimal design); they count in no share, interval or p."
    )


def _equivalence(report: Report) -> str:
    margin = report.plan.equivalence_margin
    if margin is None:
        return ""
    low, high = 100 * (0.5 - margin), 100 * (0.5 + margin)
    return (
        f"Two conditions count as equivalent where the 90 % interval lies between {low:g} and {high:g} % (two "
        f"one-sided tests), the margin {margin_clause(report.plan.changed_at.get('equivalence_margin'))}."
    )


def _exclusions(report: Report) -> str:
    rules = report.plan.exclusion_rules
    votes = sum(row.votes for row in report.exclusions)
    if not rules and not votes:
        return ""
    changed = report.plan.changed_at.get("exclusion_rules")
    since = f", changed after launch on {day(changed)} (deviation)" if changed else ""
    named = f" The plan’s rules were, in this order{since}: {'; '.join(rules)}." if rules else ""
    aside = "No answer was set aside." if not votes else f"{votes} answer{'s were' if votes > 1 else ' was'} set aside."
    beside = " Results with every answer are reported beside those without." if votes else ""
    return f"{aside}{named}{beside}"


def _plan(report: Report) -> str:
    plan = report.plan
    if not plan.sha256:
        return ""
    when = f" on {day(plan.frozen_at)}" if plan.frozen_at else ""
    number = len(plan.deviations)
    kept = "no deviation was recorded" if not number else f"{number} deviation{'s' if number > 1 else ''} recorded"
    has = {
        "hypotheses": plan.hypotheses.strip(),
        "comparison groups": True,
        "exclusion_rules": plan.exclusion_rules,
        "votes_per_comparison": True,
    }
    parts = [NAMED.get(name, name) for name, there in has.items() if there and name not in plan.changed_at]
    frozen = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{frozen.capitalize()} were frozen before the launch{when} (SHA-256 {plan.sha256}); {kept}."


def _software(report: Report) -> str:
    with_versions = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    when = f" on {day(report.generated_at)}" if report.generated_at else ""
    return f"Computed{when} with RealTalk Studies {report.code_version} ({with_versions})."


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "of unknown version"
