import numpy as np
import pytest

from analysis import wording
from analysis.summary import summarise
from analysis.votes import ContrastVotes, Labels

from .known_answers import CASES


def votes_of(cells, preferred, *, people=None):
    return ContrastVotes(
        treatment="social",
        control="random",
        halves=np.array([2 * value for value in preferred], dtype=np.int8),
        items=Labels.of(item for item, _ in cells),
        evaluators=Labels.of(evaluator for _, evaluator in cells),
        people=None if people is None else Labels.of(people),
        side=np.zeros(len(cells), dtype=np.int8),
    )


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "–"), (0.03, ".030"), (0.0004, "< .001"), (0.0, "< .001"), (1.0, "1.000"), (0.001, ".001")],
)
def test_p_has_three_digits_or_is_under_a_thousandth(p, text):
    assert wording.p_text(p) == text


@pytest.mark.parametrize(
    ("ends", "text"), [((0.0001, 0.0009), "< .001"), ((0.0001, 0.02), "< .001 to .020"), ((0.02, 0.0204), ".020")]
)
def test_a_range_of_p_is_one_where_both_ends_read_the_same(ends, text):
    assert wording.p_range(*ends) == text


def test_study_a_in_words():
    rows = CASES["study_A"]["inputs"]["votes_speaker_evaluator_awins_aside"]

    summary = summarise(votes_of([(row[0], row[1]) for row in rows], [row[2] for row in rows]))

    headline, population, naive = wording.headline_sentences(summary)
    assert headline == (
        "social was preferred over random in 69 of 120 votes (57.5 %, 95 % interval 45.5–68.6 %, clustered by "
        "speaker and evaluator, effective n 67, p = .201)."
    )
    assert population == "Interval and p speak of further speakers and further evaluators like these 30 and 4."
    assert naive == (
        "Taken as independent, the votes would give p = .120: not used, because votes on one speaker resemble "
        "each other, and so do votes of one evaluator."
    )
    (warning,) = summary.warnings
    assert warning == (
        "Votes of 4 evaluators cannot generalise to other evaluators without a model: the sign-flip over "
        "evaluators needs 6 to reach .05, and cannot go below .125 here."
    )


def test_no_votes_in_words():
    assert wording.headline_sentences(summarise(votes_of([], []))) == ["No votes yet on social against random."]


def test_a_share_under_one_half_is_no_preference_for_the_treatment():
    sentences = wording.headline_sentences(summarise(votes_of([("s", "e"), ("s", "f"), ("s", "g")], [1, 0, 0])))

    assert sentences[0] == "social was chosen over random in 1 of 3 votes (33.3 %)."


def test_one_vote_in_words():
    sentences = wording.headline_sentences(summarise(votes_of([("s", "e")], [1])))

    assert sentences == [
        "social was preferred over random in 1 of 1 vote (100.0 %).",
        "One evaluator's votes on one speaker say nothing about other speakers or evaluators.",
    ]


def test_ties_are_named():
    cells = [(s, e) for s in range(10) for e in range(6)]

    (sentence, *_) = wording.headline_sentences(summarise(votes_of(cells, [0.5] * 2 + [1, 0] * 29)))

    assert "in 29 of 60 votes, with 2 ties that count one half each (50.0 %," in sentence


def test_six_evaluators_get_no_warning():
    cells = [(s, e) for s in range(10) for e in range(6)]

    assert summarise(votes_of(cells, [1, 0] * 30)).warnings == ()


def test_one_person_in_several_items_is_said():
    cells = [(s, e) for s in range(10) for e in range(6)]

    summary = summarise(votes_of(cells, [1, 0] * 30, people=[s // 2 for s, _ in cells]))

    (warning,) = summary.warnings
    assert warning == (
        "The 10 speakers' clips show 5 people: the interval takes each clip for a speaker of its own, so it "
        "says less about further people than it seems to."
    )


def test_whoever_has_over_a_fifth_of_the_votes_is_left_out_once():
    cells = [(s, e) for s in range(12) for e in ("ann", "bob", "cem", "dan")]
    preferred = [0 if e == "ann" else 1 for _, e in cells]

    summary = summarise(votes_of(cells, preferred))

    without_ann = summary.without[0]
    assert [row.name for row in summary.without] == ["ann", "bob", "cem", "dan"]
    assert (without_ann.kind, without_ann.votes, without_ann.share) == ("evaluator", 36, 1.0)
