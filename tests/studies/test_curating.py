"""Curating as services and a command: picks with their rule, seeded draws in proportion to groups, never changed."""

import pytest
from django.core.management import CommandError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from retrieval.models import Corpus
from studies.draws import allot, draw_speakers
from studies.models import Curation
from studies.services.curating import CannotCurate, curate_draw, curate_picks
from tests.factories import START, make_clip, make_corpus
from tests.test_flow import command

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]


def make_speakers(count: int = 8) -> Corpus:
    """Three of four are young."""
    corpus = make_corpus()
    for number in range(count):
        clip = make_clip(corpus, f"s{number}", "speaker")
        clip.person.attributes = {"age": "old" if number % 4 == 0 else "young"}
        clip.person.save()
    return corpus


def test_picks_are_kept_with_who_when_and_by_which_rule():
    corpus = make_speakers()
    curate_picks(corpus, "main", speakers=["s3", "s1"], rule=" One topic ", who="anna", at=START)
    kept = Curation.objects.get()
    assert (kept.speakers, kept.rule, kept.method, kept.who, kept.at) == (["s3", "s1"], "One topic", "picks", "anna",
                                                                         START)  # fmt: skip
    assert kept.sentence == (
        "2 speakers of corpus 'c', picked by anna on 2026-03-01 (curation 'main'): One topic."
    )


def test_every_problem_of_picks_is_named_and_nothing_kept():
    corpus = make_speakers()
    make_clip(corpus, "l0")
    with pytest.raises(CannotCurate) as refusal:
        curate_picks(corpus, "a key", speakers=["l0", "s1", "s1"], rule=" ", who="", at=START)
    assert len(refusal.value.problems) == 5
    with pytest.raises(CannotCurate, match="Nobody is picked"):
        curate_picks(corpus, "k", speakers=[], rule="r", who="anna", at=START)
    assert not Curation.objects.exists()


def test_a_curation_is_never_changed_and_its_key_never_reused():
    corpus = make_speakers()
    curate_draw(corpus, "drawn", count=4, seed=1, by=["age"], who="anna", at=START)
    with pytest.raises(IntegrityError), transaction.atomic():
        Curation.objects.update(rule="Another")
    with pytest.raises(CannotCurate, match="a curation never changes, choose another key"):
        curate_draw(corpus, "drawn", count=4, seed=2, who="anna", at=START)


def test_the_database_refuses_a_curation_without_a_rule():
    corpus = make_speakers()
    with pytest.raises(IntegrityError), transaction.atomic():
        Curation.objects.create(corpus=corpus, key="k", speakers=[], method="picks", rule="", who="anna", at=START)


def test_a_draw_is_in_proportion_says_so_and_repeats():
    corpus = make_speakers()
    kept = curate_draw(corpus, "drawn", count=4, seed=7, by=["age"], who="anna", at=START)
    ages = [corpus.clips.get(key=key).person.attributes["age"] for key in kept.speakers]
    assert sorted(ages) == ["old", "young", "young", "young"]
    assert kept.rule == "A draw of 4 from 8 by seed 7, in proportion to age (largest remainder)."
    assert curate_draw(corpus, "again", count=4, seed=7, by=["age"], who="bob", at=START).speakers == kept.speakers


def test_a_draw_that_cannot_be_made_says_why():
    with pytest.raises(CannotCurate) as refusal:
        curate_draw(make_speakers(), "k", count=9, seed=2**70, by=["skin"], who="anna", at=START)
    assert refusal.value.problems == [
        "Nobody declares skin (declared are: age).",
        "9 cannot be drawn: the corpus has 8 speakers that may be shown.",
        "The seed must fit in 64 bits: choose a smaller number.",
    ]


def test_the_command_keeps_picks_and_draws(tmp_path):
    make_speakers()
    picks = tmp_path / "picks.txt"
    picks.write_text("s1 # warm\n\ns2\n")
    said = command("curate_speakers", "c", "main", "--picks", str(picks), "--rule", "Warm", "--who", "anna")
    assert said.endswith("--speakers curation:main\n")
    command("curate_speakers", "c", "drawn", "--draw", "4", "--seed", "3", "--by", "age", "--who", "anna")
    assert [len(one.speakers) for one in Curation.objects.order_by("key")] == [4, 2]
    picks.write_text("s1\nnobody\ns1\n")
    with pytest.raises(CommandError) as refusal:
        command("curate_speakers", "c", "other", "--picks", str(picks), "--rule", "Warm", "--who", "anna")
    assert [line.split(":")[0] for line in str(refusal.value).splitlines()] == ["line 2", "line 3"]
    with pytest.raises(CommandError, match="The rule is empty"):
        picks.write_text("s1\n")
        command("curate_speakers", "c", "other", "--picks", str(picks), "--who", "anna")
    with pytest.raises(CommandError, match="There is no corpus 'x'"):
        command("curate_speakers", "x", "other", "--draw", "1", "--who", "anna")


SIZES = st.dictionaries(st.text("abcdé", min_size=1, max_size=3), st.integers(1, 40), min_size=1, max_size=6)


@given(sizes=SIZES, data=st.data())
def test_largest_remainders_are_off_by_less_than_one(sizes, data):
    total = sum(sizes.values())
    count = data.draw(st.integers(0, total))
    given_places = allot(sizes, count)
    assert sum(given_places.values()) == count
    assert all(abs(places - sizes[group] * count / total) < 1 for group, places in given_places.items())
    assert all(places <= sizes[group] for group, places in given_places.items())


@given(count=st.integers(0, 12), seed=st.integers(-5, 2**63))
def test_a_draw_holds_so_many_different_speakers_and_repeats(count, seed):
    groups = {f"s{number}": (str(number % 3),) for number in range(12)}
    drawn = draw_speakers(groups, count, seed=seed)
    assert len(set(drawn)) == count
    assert set(drawn) <= set(groups)
    assert draw_speakers(dict(reversed(groups.items())), count, seed=seed) == drawn


def test_where_remainders_are_equal_the_larger_group_comes_first():
    assert allot({"a": 1, "b": 3}, 2) == {"a": 0, "b": 2}
    assert allot({"b": 1, "a": 1}, 1) == {"b": 0, "a": 1}
    with pytest.raises(ValueError, match="cannot be drawn"):
        allot({"a": 1}, 2)
