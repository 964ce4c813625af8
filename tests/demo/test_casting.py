"""The cast of the default demo corpus, without drawing it."""

from collections import Counter

import pytest

from retrieval.demo.casting import Order, cast_clips, choose_stimuli, kinds_of
from retrieval.demo.expressions import EXPRESSIONS, RUDE, fits, misfits
from retrieval.demo.transcripts import STATEMENTS, statement_for

SEEDS = (0, 1, 2)


def order(seed: int = 0, **changes) -> Order:
    return Order(**({"speakers": 36, "listeners": 90, "train_speakers": 0, "train_listeners": 0, "length_s": 6.0,
                     "seed": seed} | changes))  # fmt: skip


@pytest.fixture(params=SEEDS)
def cast(request):
    return order(request.param), cast_clips(order(request.param))


def test_36_speakers_give_30_main_2_practice_and_4_catch_items(cast):
    asked, clips = cast
    stimuli = choose_stimuli(asked, clips)
    assert kinds_of(36) == (30, 2, 4)
    kinds = {row.item: row.kind for row in stimuli}
    assert Counter(kinds.values()) == {"main": 30, "practice": 2, "catch": 4}
    conditions = Counter((row.kind, row.condition, row.correct_condition) for row in stimuli)
    assert conditions == {
        ("main", "social", ""): 30, ("main", "rude", ""): 30, ("main", "learning2listen", ""): 30,
        ("main", "random", ""): 30, ("practice", "social", "social"): 2, ("practice", "rude", "social"): 2,
        ("catch", "ground_truth", "ground_truth"): 4, ("catch", "rude", "ground_truth"): 4,
    }  # fmt: skip


def test_no_item_shows_a_clip_twice_or_the_speakers_own_person_or_the_true_listener(cast):
    asked, clips = cast
    stimuli = choose_stimuli(asked, clips)
    by_key = {clip.key: clip for clip in clips}
    assert len({(row.item, row.clip_key) for row in stimuli}) == len(stimuli)
    assert all(by_key[row.item].look.key != by_key[row.clip_key].look.key for row in stimuli)
    partners = [(row.kind, row.condition) for row in stimuli if by_key[row.item].partner_key == row.clip_key]
    assert partners == [("catch", "ground_truth")] * 4


def test_social_fits_what_is_said_and_rude_does_not(cast):
    asked, clips = cast
    by_key = {clip.key: clip for clip in clips}
    for row in choose_stimuli(asked, clips):
        feeling, emotion = by_key[row.item].feeling, by_key[row.clip_key].emotion
        if row.condition in ("social", "ground_truth"):
            assert fits(emotion, feeling)
        if row.condition == "rude":
            assert misfits(emotion, feeling)
            assert by_key[row.clip_key].intensity >= 0.75


def test_a_clip_serves_at_most_three_items(cast):
    asked, clips = cast
    assert max(Counter(row.clip_key for row in choose_stimuli(asked, clips)).values()) <= 3


def test_weak_listeners_stand_for_learning2listen(cast):
    asked, clips = cast
    by_key = {clip.key: clip for clip in clips}
    chosen = [by_key[row.clip_key] for row in choose_stimuli(asked, clips) if row.condition == "learning2listen"]
    assert {clip.part for clip in chosen} == {"attentive"}
    assert all(clip.emotion == "attention" or clip.intensity <= 0.4 for clip in chosen)


def test_keys_tell_nothing_about_part_or_emotion(cast):
    _, clips = cast
    listeners = [clip for clip in clips if clip.role == "listener"]
    assert [clip.key for clip in listeners] == [f"demo-l{i:02}" for i in range(1, 91)]
    assert len({clip.part for clip in listeners[:12]}) >= 3


@pytest.mark.parametrize(("speakers", "listeners"), [(4, 8), (6, 12), (10, 24)])
def test_smaller_corpora_still_have_all_conditions(speakers, listeners):
    asked = order(speakers=speakers, listeners=listeners)
    main, practice, catch = kinds_of(speakers)
    stimuli = choose_stimuli(asked, cast_clips(asked))
    assert len(stimuli) == 4 * main + 2 * practice + 2 * catch


def test_every_feeling_that_is_told_has_answers_that_fit_and_answers_that_are_rude():
    for feeling in {statement.feeling for statement in STATEMENTS}:
        assert [name for name in EXPRESSIONS if fits(name, feeling)]
        assert len([name for name in RUDE if misfits(name, feeling)]) >= 3
        assert not [name for name in EXPRESSIONS if fits(name, feeling) and misfits(name, feeling)]


def test_there_are_over_forty_statements_and_they_do_not_repeat_soon():
    assert len(STATEMENTS) >= 40
    assert len({statement_for(n).text for n in range(8 * len(STATEMENTS))}) == 8 * len(STATEMENTS)
