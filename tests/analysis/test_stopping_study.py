"""A study asks its stopping rule when a wave is full, and closes itself or does not."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analysis.services.stopping import look_and_act, studies_that_look
from analysis.stopping_records import NoLooks, look_at
from analysis.tasks import look_at_studies
from studies.models import Choice, Plan, QuestionForm
from studies.services.amendments import change_plan
from studies.services.exclusions import exclude_votes
from studies.services.launches import open_study
from studies.services.rehearsals import rehearse_study
from tests.factories import START, make_study

from .playing import play_session, prefer

pytestmark = pytest.mark.django_db
LOOKS = "looks:15,20;spending=obrien-fleming"


def looking_study(rule=LOOKS, *, votes=2, **settings_of):
    study = make_study(
        items=20, trials_per_session=5, contrasts=("social:random",), votes_per_comparison=votes, **settings_of
    )
    Plan.objects.filter(study=study).update(stopping_rule=rule, primary_contrast=study.contrasts.get())
    return open_study(study.pk, at=START)


def play(study, *, sessions, choose=None):
    return [play_session(study, choose or prefer("social")) for _ in range(sessions)]


def state_of(study):
    study.refresh_from_db()
    return study.state


def alternating():
    """Each speaker gets one vote for each condition, whoever votes: every block is balanced."""
    seen = {}

    def choose(trial):
        seen[trial.item_id] = not seen.get(trial.item_id, False)
        social_left = trial.left.condition == "social"
        return "left" if social_left == seen[trial.item_id] else "right"

    return choose


def test_nothing_is_looked_at_before_the_first_wave_is_full():
    study = looking_study()
    play(study, sessions=5)
    look = look_and_act(study.pk, at=START)
    assert (look.speakers, look.looks, look.stops_at, state_of(study)) == (0, (), None, "open")
    assert look.sentence == "0 speakers are complete; the first look is at 15."


def test_a_clear_preference_closes_the_study_at_the_first_look():
    study = looking_study()
    play(study, sessions=6)
    assert look_at(study).blocks.sums == (2,) * 15
    assert state_of(study) == "open", "nothing closes before somebody looks"
    assert look_at_studies() == 1
    assert state_of(study) == "closed"
    look = look_at(study)
    assert (look.stops_at, look.is_early, look.looks[0].adjusted_p) == (15, True, 2.0**-14)
    assert look.sentence == (
        "Look at 15 completed speakers, social:random: stop. Votes for less votes against: +30; from 22 on it stops. "
        "Adjusted for the looks, p < .001."
    )
    assert (look_at_studies(), studies_that_look()) == (0, [])


def test_a_plan_that_tells_leaves_the_study_to_its_owner():
    study = looking_study(LOOKS + ";then=tell")
    play(study, sessions=6)
    assert look_at_studies() == 1
    assert state_of(study) == "open"


def test_no_preference_goes_on_to_the_end_and_stays_open():
    study = looking_study()
    choose = alternating()
    play(study, sessions=6, choose=choose)
    first = look_and_act(study.pk, at=START)
    assert (first.stops_at, first.looks[0].adjusted_p, first.looks[0].p) == (None, None, 1.0)
    assert ": go on." in first.sentence
    play(study, sessions=2, choose=choose)
    last = look_and_act(study.pk, at=START)
    assert (last.speakers, last.stops_at, last.looks[-1].adjusted_p, state_of(study)) == (20, None, 1.0, "open")
    assert ": the end." in last.sentence


def test_an_e_process_counts_the_speakers_of_full_waves():
    study = looking_study("e-process:10,15,20", votes=1)
    play(study, sessions=2)
    look = look_and_act(study.pk, at=START)
    assert (look.stops_at, look.evidence.reached, state_of(study)) == (10, 7, "closed")
    assert look.sentence.endswith("Anytime-valid p = .005; 20 to 1 are needed.")


def test_a_vote_set_aside_leaves_its_block_and_a_reopened_wave_is_not_looked_at():
    study = looking_study(votes=1)
    first, *_ = play(study, sessions=3)
    trial = first.assignments.filter(kind="main").order_by("position").first()
    exclude_votes(study.pk, assignments=[trial], rule="looked_tired", reason="test", at=START)
    blocks = look_at(study).blocks
    assert sorted(blocks.votes) == sorted(blocks.sums) == [0] + [1] * 14
    exclude_votes(study.pk, sessions=[first], rule="failed_catch", reason="test", at=START)
    assert len(look_at(study).blocks) == 0
    play(study, sessions=1)
    assert look_at(study).blocks.sums == (1,) * 15


def test_ties_count_as_votes_and_lean_nowhere():
    study = looking_study(votes=1, form=QuestionForm.TIE)
    play(study, sessions=3, choose=lambda trial: Choice.TIE)
    blocks = look_at(study).blocks
    assert (set(blocks.sums), set(blocks.votes)) == ({0}, {1})
    assert look_and_act(study.pk, at=START).stops_at is None


def test_a_fixed_study_has_no_looks_and_a_changed_plan_ends_them(admin_user):
    fixed = open_study(make_study(key="f").pk, at=START)
    with pytest.raises(NoLooks, match="its stopping rule is 'fixed'"):
        look_at(fixed)
    study = looking_study()
    change_plan(study.pk, changes={"stopping_rule": "fixed"}, reason="enough money", by=admin_user, at=START)
    play(study, sessions=6)
    assert (look_at_studies(), state_of(study)) == (0, "open")


def test_the_command_tells_and_acts_only_when_asked():
    study = looking_study()
    play(study, sessions=6)
    out = StringIO()
    call_command("look_study", study.key, stdout=out)
    assert out.getvalue().startswith("Look at 15 completed speakers, social:random: stop.")
    assert "Of the report's interval: it is not adjusted for stopping at a look" in out.getvalue()
    assert state_of(study) == "open"
    call_command("look_study", study.key, "--act", stdout=out)
    assert out.getvalue().endswith(f"Study '{study.key}' is closed.\n")
    with pytest.raises(CommandError, match="close no study"):
        call_command("look_study", study.key, "--act", "--include-rehearsal")
    with pytest.raises(CommandError, match="No study has the key 'x'"):
        call_command("look_study", "x")


def test_a_rehearsal_has_its_own_waves():
    study = looking_study(votes=1)
    assert look_at(study, rehearsal=True).speakers == 0, "it was never dealt"
    rehearse_study(study.pk, evaluators=3, preference={"social": 1.0}, at=START, seed=1)
    assert (look_at(study, rehearsal=True).stops_at, look_at(study).speakers) == (15, 0)
    out = StringIO()
    call_command("look_study", study.key, "--include-rehearsal", stdout=out)
    assert ": stop." in out.getvalue()
    assert (look_at_studies(), state_of(study)) == (0, "open")
