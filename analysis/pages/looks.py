"""The plan's looks on the report's page: what came of them in a sentence, and one row each."""

from analysis.look_texts import boundary_text, looks_sentence, value_text
from analysis.report_parts import Report
from analysis.wording import NONE, day, p_text
from studies.stopping_rules import E_PROCESS, parse_stopping_rule

from .tables import Section, table, tables, unbroken


def looks(report: Report) -> Section:
    if not report.looks:
        return Section("looks", "Looks")
    rule = parse_stopping_rule(report.plan.stopping_rule)
    is_evidence = rule.kind == E_PROCESS
    columns = (
        "Completed speakers",
        "Complete on",
        "Votes",
        "Evidence so far" if is_evidence else "For less against",
        "Stops from",
        "p, anytime-valid" if is_evidence else "p, adjusted",
        "Decision",
    )
    rows = [
        (
            str(look.speakers),
            day(look.complete_at) if look.complete_at else NONE,
            NONE if look.votes is None else str(look.votes),
            value_text(look, rule),
            boundary_text(look, rule),
            p_text(look.p),
            look.decision,
        )
        for look in report.looks
    ]
    caption = f"The stopping rule’s looks at {report.looks[0].contrast.replace(':', ' : ')}"
    sentence = unbroken(looks_sentence(report.looks, rule))
    return Section("looks", "Looks", (sentence,), tables=tables(table(caption, columns, rows)))
