"""Stimulus manifests: what each condition shows for each item, or every reason why it cannot."""

from pathlib import Path

import pytest

from studies.stimuli import ManifestError, StimulusTable, read_stimuli

SPEAKERS = {"s1", "s2", "s3"}
LISTENERS = {"a": "1", "b": "2", "c": "3", "twin-of-a": "1"}
CONTRASTS = [("social", "random"), ("social", "rude")]


def read(tmp_path: Path, *lines: str, header: str = "item,condition,clip_key", **given) -> StimulusTable:
    path = tmp_path / "stimuli.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return read_stimuli(path, **{"speakers": SPEAKERS, "listeners": LISTENERS, "contrasts": CONTRASTS, **given})


def problems_of(*args, **given) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(*args, **given)
    return caught.value.problems


FULL = ["s1,social,a", "s1,random,b", "s1,rude,c"]


def test_items_in_the_order_of_their_first_lines(tmp_path):
    table = read(
        tmp_path,
        "s2,social,a,,",
        *(f"{line},main," for line in FULL),
        "s2,random,b,,",
        "s3,good,a,catch,good",
        "s2,rude,c,,",
        "s3,bad,b,catch,",
        header="item,condition,clip_key,kind,correct_condition",
    )
    assert [(item.line, item.speaker, item.kind, item.correct_condition) for item in table.items] == [
        (2, "s2", "main", ""), (3, "s1", "main", ""), (7, "s3", "catch", "good"),
    ]  # fmt: skip
    assert dict(table.items[0].conditions) == {"social": "a", "random": "b", "rude": "c"}


def test_all_problems_at_once_with_their_lines(tmp_path):
    assert problems_of(
        tmp_path,
        *FULL,
        "s1,rude,b",
        "s9,social,a",
        "a,social,s1",
        "s2,social,nobody",
        "s2,so cial,b",
    ) == [
        "line 5: 'rude' of item 's1' is on line 4 already: keep one",
        "line 6: item 's9' is no clip of the corpus: an item is the clip key of a speaker",
        "line 6: item 's9' has no line for random, rude: add one for each",
        "line 7: item 'a' is a listener: an item is the clip key of a speaker",
        "line 7: clip_key 's1' is a speaker: a condition shows a listener",
        "line 7: item 'a' has no line for random, rude: add one for each",
        "line 8: clip_key 'nobody' is no clip of the corpus: a condition shows a listener",
        "line 8: item 's2' has no line for random, rude: add one for each",
        ("line 9: condition 'so cial' cannot be a key: use letters, digits, '.', '_' and '-', at most 100, "
        "beginning with a letter or digit"),
    ]  # fmt: skip


def test_kinds_and_right_answers(tmp_path):
    assert problems_of(
        tmp_path,
        *(f"{line},," for line in FULL[:2]),
        "s1,rude,c,practice,",
        "s2,good,a,catch,",
        "s2,bad,b,catch,",
        "s3,good,a,attention,best",
        "s3,bad,b,exam,",
        header="item,condition,clip_key,kind,correct_condition",
    ) == [
        "line 4: item 's1' is practice here, but main on line 2: make them alike",
        "line 5: catch item 's2' has no correct_condition: name the right one",
        "line 7: correct_condition 'best' is no condition of item 's3' (it has good, bad)",
        "line 8: kind is 'exam': it must be main, practice, catch, attention or empty (main)",
        "line 8: item 's3' is exam here, but attention on line 7: make them alike",
    ]


def test_a_main_item_has_no_right_answer_and_a_check_has_one(tmp_path):
    header = "item,condition,clip_key,kind,correct_condition"
    assert problems_of(tmp_path, "s1,social,a,,social", "s1,random,b,,rude", "s1,rude,c,,", header=header) == [
        "line 2: item 's1' has correct_condition rude and social: keep one",
        "line 2: item 's1' is main, which has no right answer: empty correct_condition",
    ]


def test_two_sides_never_show_the_same_content(tmp_path):
    assert problems_of(tmp_path, "s1,social,a", "s1,random,twin-of-a", "s1,rude,c") == [
        "line 2: item 's1' shows the same video for social and random: change one"
    ]
    # random and rude are never put against each other
    assert len(read(tmp_path, "s1,social,b", "s1,random,a", "s1,rude,twin-of-a").items) == 1


def test_nobody_listens_to_themselves(tmp_path):
    people = {"s1": "ann", "b": "ann", "c": "bob"}
    assert problems_of(tmp_path, *FULL, persons=people) == [
        "line 3: listener 'b' and speaker 's1' are the same person: choose another listener"
    ]


def test_there_must_be_something_to_vote_on(tmp_path):
    lines = ["s1,good,a,practice", "s1,bad,b,practice"]
    assert problems_of(tmp_path, *lines, header="item,condition,clip_key,kind") == [
        "stimuli.csv has no item of kind main: there is nothing to vote on"
    ]


def test_a_practice_item_needs_two_listeners(tmp_path):
    lines = [*(f"{line},main" for line in FULL), "s2,good,a,practice"]
    assert problems_of(tmp_path, *lines, header="item,condition,clip_key,kind") == [
        "line 5: practice item 's2' has one listener: it needs two conditions"
    ]


def test_a_mistyped_contrast_is_named_once(tmp_path):
    assert problems_of(tmp_path, "s1,social,a", "s1,rude,b", "s2,social,a", "s2,rude,b") == [
        (
            "no line of stimuli.csv has the condition 'random' (there are: rude, social): "
            "add lines for it, or check the contrasts"
        )
    ]
