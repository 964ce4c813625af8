"""How a study treats its evaluators: chosen at creation, refused where it cannot be, named in the plan."""

import json
from dataclasses import fields

import pytest
from django.core.management import CommandError, call_command

from retrieval.models import Corpus, Person
from studies.models import Study
from studies.options import DEFAULT_OPTIONS, Options, option_problems
from studies.services.launches import frozen_text
from tests.factories import START, make_clip, make_corpus, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def stimuli(tmp_path):
    """A manifest of one main item and one practice item with a known answer, on a corpus `c`."""
    corpus = make_corpus("c")
    rows = ["item,condition,clip_key,kind,correct_condition"]
    for speaker, kind in (("main", ""), ("known", "practice")):
        make_clip(corpus, speaker, "speaker")
        for condition in "ab":
            make_clip(corpus, f"{speaker}-{condition}")
            rows.append(f"{speaker},{condition},{speaker}-{condition},{kind},{'a' if kind else ''}")
    file = tmp_path / "stimuli.csv"
    file.write_text("\n".join(rows))
    return str(file)


def create(stimuli: str, *options: str) -> Study:
    call_command("create_study", "s", "--corpus", "c", "--contrasts", "a:b", "--stimuli", stimuli, *options)
    return Study.objects.get()


def test_the_defaults_are_the_models(stimuli):
    study = create(stimuli)
    assert Options(**{field.name: getattr(study, field.name) for field in fields(Options)}) == DEFAULT_OPTIONS


def test_each_option_is_kept_and_in_the_plan(stimuli):
    told = ["--no-feedback", "--pass-mark", "1", "--retests", "1", "--mark-listeners", "--allow-met"]
    plan = json.loads(frozen_text(create(stimuli, *told)))
    chosen = {
        "gives_feedback": False, "practice_pass_mark": 1, "retests_per_session": 1, "marks_listeners": True,
        "allows_met_stimuli": True,
    }  # fmt: skip
    assert chosen.items() <= plan.items()


def test_a_plan_does_not_name_what_was_left_as_it_is():
    assert not {field.name for field in fields(Options)} & set(json.loads(frozen_text(make_study())))


@pytest.mark.parametrize(("option", "said"), [("--pass-mark", "The pass mark is 2"), ("--retests", "2 retests")])
def test_what_cannot_be_is_refused_and_nothing_made(stimuli, option, said):
    with pytest.raises(CommandError, match=said):
        create(stimuli, option, "2")
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"permitted_uses": "training"}, "1 clip.*does not permit 'studies': main-b"),
     ({"taken_down_at": START}, "1 clip.*taken down: main-b")],
)  # fmt: skip
def test_nobody_is_shown_who_does_not_permit_it(stimuli, fields, said):
    Person.objects.filter(clips__key="main-b").update(**fields)
    with pytest.raises(CommandError, match=said):
        create(stimuli)
    assert not Study.objects.exists()


def test_nor_anybody_whose_corpus_does_not(stimuli):
    Corpus.objects.update(permitted_uses="training")
    with pytest.raises(CommandError, match=r"clip.*does not permit 'studies'"):
        create(stimuli)
    assert not Study.objects.exists()


def test_a_draft_is_made_anew_and_kept_where_the_next_one_is_refused(stimuli):
    first = create(stimuli)
    with pytest.raises(CommandError, match="--replace-draft"):
        create(stimuli)
    again = create(stimuli, "--replace-draft", "--retests", "1")
    assert (again.pk != first.pk, again.retests_per_session) == (True, 1)
    with pytest.raises(CommandError, match="2 retests"):
        create(stimuli, "--replace-draft", "--retests", "2")
    assert Study.objects.get().pk == again.pk


def test_a_study_that_was_opened_is_not_made_anew(stimuli):
    study = create(stimuli)
    Study.objects.update(state="closed")
    with pytest.raises(CommandError, match="was opened"):
        create(stimuli, "--replace-draft")
    assert Study.objects.get().pk == study.pk


def test_bounds_are_taken_as_they_are():
    assert option_problems(Options(practice_pass_mark=2, retests_per_session=3), practice=2, trials=3) == []
    assert len(option_problems(Options(practice_pass_mark=-1, retests_per_session=-1), practice=2, trials=3)) == 2
