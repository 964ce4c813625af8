"""The report for a paper in LaTeX: a table of its comparison groups, and the methods paragraph."""

import re

from . import wording
from .look_texts import adjusted_p
from .methods_text import methods_paragraph
from .report_parts import ContrastReport, Report

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"$<$", ">": r"$>$", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "'": "'", "`": r"\textasciigrave{}",
    "–": "--", "—": "---", "“": "``", "”": "''", "’": "'", "‘": "`", "…": r"\ldots{}", "\u00a0": "~",
}  # fmt: skip
UNWRITTEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]+")
HASH = re.compile("[0-9a-f]{32,}")
COLUMNS = "llrrrrrr"
HEADINGS = ("Treatment", "Control", "Votes", "Ties", "Share", r"95\,\% interval", "$p$", r"adj.\ $p$")
SECONDARY = "A secondary question: all of it is exploratory."
REHEARSAL = "Rehearsal: the votes are simulated, and nobody's."


def latex_table(report: Report) -> str:
    """A table of all comparison groups, planned ones first, with its caption; needs only the package booktabs.

    It fits the text of a plain article; in two columns, `table*` gives it the width of both. Letters beyond Latin
    ones stay as they are: XeLaTeX and LuaLaTeX take them.
    """
    lines = [
        r"% Needs \usepackage{booktabs}; for both columns of a page, table* in place of table.",
        r"\begin{table}",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{_caption(report)}}}",
        r"\label{tab:preference}",
        rf"\begin{{tabular}}{{@{{}}{COLUMNS}@{{}}}}",
        r"\toprule",
        _line(HEADINGS),
        r"\midrule",
    ]
    for kind, contrasts in (("Planned", report.planned), ("Exploratory", report.exploratory)):
        if not contrasts:
            continue
        if report.exploratory:
            lines += [rf"\multicolumn{{{len(COLUMNS)}}}{{l}}{{\emph{{{kind}}}}} \\"]
        lines += [_line(_cells(contrast)) for contrast in contrasts]
        if kind == "Planned" and report.exploratory:
            lines.append(r"\addlinespace")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def latex_methods(report: Report) -> str:
    """The methods paragraph, ready for \\input."""
    told = HASH.sub(_breakable, escaped(methods_paragraph(report)))
    return f"{{\\sloppy\n{told}\\par}}\n"


def _breakable(found: re.Match[str]) -> str:
    return r"\allowbreak{}".join(re.findall(".{1,8}", found[0]))


def _caption(report: Report) -> str:
    """What the columns mean, for who sees the table alone."""
    secondary = report.secondary_to is not None
    adjusted = "Benjamini-Hochberg" if secondary else "Holm over the planned comparison groups"
    if report.exploratory and not secondary:
        adjusted += ", Benjamini-Hochberg over the exploratory ones"
    told = (
        r"Share of votes for the treatment, a tie counting one half, with its 95\,\% interval, and two-sided $p$ "
        f"against one half, both clustered by speaker and evaluator; adj.: {adjusted}."
    )
    told += f" {SECONDARY}" if secondary else ""
    told += _looks(report)
    return f"{told} {REHEARSAL}" if report.rehearsal else told


def _looks(report: Report) -> str:
    """That a study which was looked at has numbers which its looks bend."""
    if not report.looks:
        return ""
    p = adjusted_p(report.looks)
    bent = f" Interval and $p$ of {escaped(report.looks[0].contrast)} are not adjusted for the plan's looks"
    return f"{bent}." if p is None else f"{bent}; adjusted for them, $p$: {escaped(wording.p_text(p))}."


def escaped(text: str) -> str:
    """Any text as LaTeX that prints it; whatever means something to LaTeX loses its meaning."""
    text = UNWRITTEN.sub(" ", text)
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _line(cells: tuple[str, ...]) -> str:
    return " & ".join(cells) + r" \\"


def _cells(contrast: ContrastReport) -> tuple[str, ...]:
    summary = contrast.summary
    adjusted = contrast.holm_p if contrast.planned else contrast.bh_p
    return (
        _first(escaped(summary.treatment)),
        escaped(summary.control),
        str(summary.votes),
        str(summary.ties),
        *(
            escaped(text.replace(" % to ", " to ")).replace(r" \%", r"\,\%")
            for text in (
                wording.percent(summary.share),
                wording.percent_range(summary.interval),
                wording.p_text(summary.p),
                wording.p_text(adjusted),
            )
        ),
    )


def _first(name: str) -> str:
    """The first cell of a line: in brackets, or with a star, it would be taken for an argument of the line before."""
    return f"{{{name}}}" if name.startswith(("[", "*")) else name
