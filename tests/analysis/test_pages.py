from dataclasses import replace

import pytest

from analysis.figures.panels import MOST_ROWS
from analysis.figures.ranking import oriented
from analysis.pages.report import report_page
from analysis.pages.tables import Cell, difference, difference_range, signed, unbroken, votes_query
from analysis.report_parts import DeviationFact, Flow, PlanFacts
from analysis.standalone import report_page as report_file
from analysis.votes import ContrastName

from .reporting import MADE_AT, made_up_report

THREE = (ContrastName("a", "b"), ContrastName("b", "c"), ContrastName("a", "c", planned=False))


def texts(page):
    """Every cell and paragraph that the page shows."""
    sections = [*page.checks, page.exclusions, page.plan, page.fill]
    tables = [table for part in [*page.results, *sections] for table in part.tables]
    tables += [figure.table for figure in page.figures]
    found = [cell.text for table in tables for row in table.rows for cell in row]
    return found + [text for section in sections for text in (*section.paragraphs, *section.notices)]


@pytest.mark.parametrize(
    "votes",
    [
        {}, {"speakers": 0}, {"speakers": 1}, {"evaluators": 1, "votes_per_item": 1}, {"share": 1.0}, {"ties": 1.0},
        {"set_aside": 10_000}, {"contrasts": ()} | {"speakers": 0}, {"contrasts": THREE[:1]},
    ],
    ids=["all", "no votes", "one speaker", "one evaluator", "unanimous", "ties", "set aside", "nothing", "one group"],
)  # fmt: skip
def test_a_page_of_any_votes_has_texts_and_no_number_that_is_none(votes):
    page = report_page(made_up_report(**({"contrasts": THREE} | votes)))

    for text in texts(page):
        assert isinstance(text, str)
        for nonsense in ("nan", "None", "inf "):
            assert nonsense not in text.split()
    for section in page.checks:
        assert not section.is_empty


def test_the_same_report_makes_the_same_file_and_row_order_changes_nothing():
    report = made_up_report(contrasts=THREE)

    assert report_file(report) == report_file(made_up_report(contrasts=THREE))


def test_a_file_of_votes_from_elsewhere_needs_no_study():
    elsewhere = replace(made_up_report(contrasts=THREE), study="", state="", generated_at=None, question_text="")

    page = report_file(elsewhere)

    assert "Version 0.1.0." in page
    assert "Computed <time" not in page


def test_tables_under_figures_are_cut_where_they_are_long():
    page = report_page(made_up_report(contrasts=THREE[:1], speakers=MOST_ROWS + 5))
    (speakers,) = [figure for figure in page.figures if figure.name == "speakers"]

    assert len(speakers.table.rows) == MOST_ROWS
    assert speakers.cut == "5 further rows are in the numbers (JSON)."


def test_the_primary_comparison_group_stands_first():
    page = report_page(made_up_report(contrasts=THREE, plan=PlanFacts(primary="b:c")))

    assert [row[0].text for row in page.results[0].tables[0].rows] == ["b : c", "a : b"]
    assert page.results[0].findings[0].sentence.startswith("Primary: b was preferred over c")


def test_the_flow_tells_what_each_rule_left_out():
    rules = (("failed_catch", 1),)
    flow = Flow(arrived=9, consented=8, practised=7, finished=6, answered=7, excluded=rules, analysed=6)

    steps = report_page(replace(made_up_report(), flow=flow)).flow

    assert [step.number for step in steps] == ["9", "8", "7", "6", "7", "6"]
    assert steps[-2].left_out == ("failed_catch: 1 session",)
    assert steps[0].left_out == steps[1].left_out == ()
    screened = report_page(replace(made_up_report(), flow=replace(flow, screened_out=2))).flow
    assert screened[1].left_out == ("could not take part: 2 sessions",)
    withdrawn = report_page(replace(made_up_report(), flow=replace(flow, withdrawn=2))).flow
    assert withdrawn[0].left_out == ("beside them, withdrew and had their data deleted: 2 sessions",)


def test_deviations_whose_account_is_gone_are_still_told():
    plan = PlanFacts(sha256="ab", frozen_at=MADE_AT, deviations=(DeviationFact("Power cut.", "", MADE_AT),))

    page = report_page(made_up_report(plan=plan))

    assert [cell.text for cell in page.plan.tables[-1].rows[0]] == [
        "2 March 2026, 10:30 UTC", "nobody is named", "Power cut.",
    ]  # fmt: skip


def test_numbers_name_the_votes_behind_them():
    page = report_page(made_up_report(contrasts=THREE))
    (speakers,) = [figure for figure in page.figures if figure.name == "speakers"]

    assert page.results[0].tables[0].rows[0][1] == Cell("48", "contrast=a%3Ab")
    assert speakers.table.rows[0][2].votes.startswith("contrast=a%3Ab&speaker=speaker")
    assert votes_query("a&b:c", speaker="x y") == "contrast=a%26b%3Ac&speaker=x+y"


def test_pairs_are_told_from_the_better_one():
    for pair in made_up_report(contrasts=THREE).bradley_terry.differences:
        turned = oriented(pair)
        assert turned.difference == abs(pair.difference)
        assert {turned.a, turned.b} == {pair.a, pair.b}
        assert turned.interval[0] <= turned.difference <= turned.interval[1]


def test_differences_have_a_sign_and_ranges_stay_on_one_line():
    assert (difference(0.042), difference(-0.1), difference(None)) == ("+4.2", "−10.0", "–")
    assert difference_range((-0.1, 0.2)) == "−10.0 to +20.0"
    assert signed(-1.5) == "−1.50"
    assert unbroken("p = .03, 52–80 %") == "p\u00a0=\u00a0.03, 52\u2060–\u206080\u00a0%"
