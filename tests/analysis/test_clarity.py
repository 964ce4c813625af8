"""How clear votes are: five counts and a mean, by hand, swapped, and where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.clarity import NO_SPREAD, Points, clarity
from analysis.figures.gallery import figure_named
from analysis.methods_text import methods_paragraph
from analysis.pages.report import report_page
from analysis.report_text import report_as_text
from analysis.summary import summarise
from analysis.votes import ContrastVotes, Labels

from .reporting import made_up_report


def crossed(scores, *, speakers, evaluators):
    """Votes of every evaluator on every speaker, of these scores: halves, strength, items, evaluators."""
    scores = np.asarray(scores)
    items, people = np.divmod(np.arange(speakers * evaluators), evaluators)
    return np.sign(scores).astype(int) + 1, np.abs(scores), items, people


def test_counts_mean_and_interval_by_hand():
    """Ten speakers, two evaluators alike: five speakers 2 and five -1, so only speakers differ, by 1.5 from .5."""
    scores = np.repeat([2, -1], 10)

    found = clarity(*crossed(scores, speakers=10, evaluators=2))

    # V_s: ten sums of 2 * 1.5 / 20, G/(G-1) = 10/9. V_e is 0: both evaluators have the mean. V_c: twenty of 1.5 / 20.
    by_speaker, by_cell = 10 / 9 * 10 * 0.15**2, 20 / 19 * 20 * 0.075**2
    variance = by_speaker
    df = np.clip(variance**2 / (by_speaker**2 / 9 + by_cell**2 / 19), 1, 10)
    reach = stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert found.points == Points(10, 0, 0, 10, 0)
    assert (found.votes, found.mean, found.note) == (20, 0.5, None)
    assert found.df == pytest.approx(df)
    assert found.interval == pytest.approx((0.5 - reach, 0.5 + reach))
    assert found.p == pytest.approx(2 * stats.t.sf(0.5 / np.sqrt(variance), df))


def test_a_tie_is_none_of_both_and_a_side_without_strength_is_left_out():
    halves, strength = np.array([2, 1, 0, 0, 2]), np.array([1, 0, 2, 0, 2])

    found = clarity(halves, strength, np.arange(5), np.zeros(5, int))

    assert found.points == Points(1, 1, 1, 0, 1)
    assert (found.votes, found.mean, found.interval) == (4, 0.25, None)
    assert "one evaluator's" in found.note


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), speakers=st.integers(1, 13), evaluators=st.integers(1, 5))
def test_swapped_conditions_mirror_counts_and_mean_and_order_changes_nothing(seed, speakers, evaluators):
    random = np.random.Generator(np.random.PCG64(seed))
    votes = crossed(random.integers(-2, 3, speakers * evaluators), speakers=speakers, evaluators=evaluators)
    halves, strength, items, people = votes
    order = random.permutation(len(halves))

    found, swapped = clarity(*votes), clarity(2 - halves, strength, items, people)

    assert clarity(*(column[order] for column in votes)) == found
    assert tuple(swapped.points) == tuple(reversed(found.points))
    assert (swapped.mean, swapped.p, swapped.df) == (-found.mean, found.p, found.df)
    if found.interval:
        assert swapped.interval == (-found.interval[1], -found.interval[0])
        assert -2 <= found.interval[0] <= found.mean <= found.interval[1] <= 2


def test_strengths_that_are_all_alike_give_the_headlines_variance():
    """Of votes that are all slight, the mean is twice the share less one, and so is its spread."""
    halves, strength, items, people = crossed(np.resize([1, 1, -1], 36), speakers=12, evaluators=3)
    labels = Labels.of(items), Labels.of(people)
    share = summarise(ContrastVotes("a", "b", halves.astype(np.int8), *labels, None, np.full(36, -1))).share

    assert clarity(halves, strength, items, people).mean == pytest.approx(2 * share - 1)


@pytest.mark.parametrize(("speakers", "note"), [(12, NO_SPREAD), (9, "under 10"), (0, "No votes yet.")])
def test_where_nothing_can_be_said_a_sentence_says_why(speakers, note):
    found = clarity(*crossed(np.full(3 * speakers, -2), speakers=speakers, evaluators=3))

    assert (found.interval, found.p, found.df) == (None, None, None)
    assert found.mean == (-2 if speakers else None)
    assert note in found.note


def test_page_text_methods_and_figure_say_it_and_a_forced_question_says_nothing_of_it():
    clear, forced = made_up_report(strength=True, ties=0.2), made_up_report(ties=0.2)
    points, mean = clear.contrasts[0].clarity.points, clear.contrasts[0].clarity.mean

    section = next(part for part in report_page(clear).checks if part.key == "how-clear")
    assert [cell.text for cell in section.tables[0].rows[0]][2:8] == [*map(str, points), f"{mean:.2f}"]
    figure = figure_named(clear, "how-clear")
    assert f"clearly treatment {points.clearly_treatment}, slightly treatment" in figure.description
    assert f"mean {mean:+.2f}, 95 % interval" in report_as_text(clear)
    assert "on five points" in methods_paragraph(clear)
    assert [contrast.clarity for contrast in forced.contrasts] == [None, None]
    assert "five points" not in methods_paragraph(forced)
    assert "How clear" not in report_as_text(forced)
    assert "how-clear" not in [part.key for part in report_page(forced).checks]
