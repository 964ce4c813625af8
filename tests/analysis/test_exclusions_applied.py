"""The plan's rules applied to a study's rows: their order, the preview, the undoing, and a consistent ledger."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analysis.exclusion_records import who_is_aside
from analysis.flow import flow_of
from analysis.plan_records import plan_facts
from analysis.records import counted_votes, exclusion_ledger, primary_question
from analysis.report_parts import Excluded, Flow
from analysis.results import excluded_by_rule
from analysis.services.exclusions import (
    RulesRefused,
    Standing,
    apply_rules,
    exclude_same_person,
    preview_rules,
    studies_that_apply_rules,
)
from analysis.tasks import apply_planned_rules
from analysis.vote_records import votes_of
from analysis.votes import Votes
from studies.models import Assignment, Deviation, Exclusion, Plan, Slot
from studies.queries import active_exclusions, study_progress
from studies.services.amendments import change_plan
from studies.services.deals import deal_study
from studies.services.exclusions import CannotExclude, exclude_votes, undo_exclusion
from studies.services.launches import close_study, open_study, pause_study
from studies.services.planning import edit_plan
from studies.services.sessions import start_session
from tests.factories import LENGTH_S, START, make_study
from tests.studies.invariants import check_study

from .playing import STEP, opened_study, play_session, watch

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
LATER = START + timedelta(days=1)
RULES = (
    {"rule": "failed_catch", "more_than": 0}, {"rule": "coverage", "under": 0.9}, {"rule": "one_sided", "p_below": 0.1},
)  # fmt: skip
CONTRASTS = ("social:random",)
SETTINGS = {"items": 6, "contrasts": CONTRASTS, "votes_per_comparison": 4, "catch": 1, "exclusion_rules": RULES}
RIGHT_ANSWER = "social"  # of tests.factories' checks: the last condition by name


def careful(trial: Assignment) -> str:
    """Right in every check; left and right by turns elsewhere."""
    if trial.kind == "catch":
        return "left" if trial.left.condition == RIGHT_ANSWER else "right"
    return "left" if trial.position % 2 else "right"


def careless(trial: Assignment) -> str:
    """Wrong in every check, and always left elsewhere."""
    if trial.kind == "catch":
        return "right" if trial.left.condition == RIGHT_ANSWER else "left"
    return "left"


def stubborn(trial: Assignment) -> str:
    return careful(trial) if trial.kind == "catch" else "left"


def study_of(*players, items=6, **fields):
    study = opened_study(**(SETTINGS | {"items": items} | fields))
    return study, [play_session(study, choose) for choose in players]


def look_away(session, *, share: float) -> Assignment:
    """The session's first main trial as if only this share of one video had been seen."""
    trial = session.assignments.filter(kind="main").order_by("position").first()
    part = watch(upto_s=LENGTH_S)
    watched = part.watched | {"left": [[0.0, share * LENGTH_S]]}
    trial.views = {"p": {"watched": watched, "plays": part.plays}}
    trial.save(update_fields=["views"])
    return trial


def votes_and_flow(study, *, rehearsal=False) -> tuple[Votes, Flow]:
    votes = votes_of(study, primary_question(study), rehearsal=rehearsal)
    return votes, flow_of(study, votes, rehearsal=rehearsal)


def test_a_press_sets_aside_in_the_plans_order_and_once():
    study, (good, bad, stuck) = study_of(careful, careless, stubborn)
    trial = look_away(good, share=0.5)
    look_away(bad, share=0.5)
    before = preview_rules(study, at=LATER)
    assert not Exclusion.objects.exists()
    applied = apply_rules(study, by=None, at=LATER)
    assert applied == before
    assert (applied.sessions, applied.found, applied.excluded, applied.already, applied.covered) == (3, 5, 3, 0, 2)
    made = Exclusion.objects.order_by("pk").values_list("rule", "session", "assignment", "replaces_votes")
    assert list(made) == [
        ("failed_catch", bad.pk, None, True), ("coverage", None, trial.pk, True), ("one_sided", stuck.pk, None, True),
    ]  # fmt: skip
    standings = [[(j.pseudonym, j.standing, j.aside_by) for j in rule.judged] for rule in applied.rules]
    assert (bad.pseudonym, Standing.COVERED, "failed_catch") in standings[1]
    assert (bad.pseudonym, Standing.COVERED, "failed_catch") in standings[2]
    again = apply_rules(study, by=None, at=LATER)
    assert (again.found, again.excluded, again.already, again.covered) == (5, 0, 3, 2)
    assert not Deviation.objects.exists()
    check_study(study)


def test_every_sentence_names_its_numbers():
    study, (good, *_) = study_of(careful, careless, stubborn)
    look_away(good, share=0.5)
    apply_rules(study, by=None, at=LATER)
    assert list(Exclusion.objects.order_by("pk").values_list("reason", flat=True)) == [
        "1 of 1 catch trials answered wrongly; at most 0 may be.",
        "50 % of the left video was seen; 90 % is asked for.",
        "6 answers chose left and 0 right: exact binomial p 0.031, below 0.1.",
    ]


def test_what_a_person_lets_back_in_stays_in_and_a_later_rule_may_still_speak():
    study, (bad,) = study_of(careless)
    apply_rules(study, by=None, at=LATER)
    undo_exclusion(active_exclusions(study).get().pk, reason="The catch trial was broken.", at=LATER)
    applied = preview_rules(study, at=LATER)
    assert [[j.standing for j in rule.judged] for rule in applied.rules] == [["let back"], [], ["new"]]
    apply_rules(study, by=None, at=LATER)
    assert list(active_exclusions(study).values_list("rule", "session")) == [("one_sided", bad.pk)]
    undo_exclusion(active_exclusions(study).get().pk, reason="Left-handed.", at=LATER)
    assert apply_rules(study, by=None, at=LATER).excluded == 0
    assert not active_exclusions(study).exists()


def test_who_is_still_at_it_is_judged_when_they_are_over():
    study, _ = study_of()
    session = play_session(study, careless, answers=4)
    soon = preview_rules(study, at=START + 5 * STEP)
    assert (soon.sessions, soon.waiting, soon.found) == (0, 1, 0)
    silent = preview_rules(study, at=START + timedelta(hours=2))
    assert (silent.sessions, silent.waiting) == (1, 0)
    close_study(study.pk, at=START + 5 * STEP)
    study.refresh_from_db()
    assert preview_rules(study, at=START + 5 * STEP).sessions == 1
    assert session.finished_at is None


def test_rules_outside_the_plan_are_deviations_and_planned_ones_keep_their_number():
    study, (good,) = study_of(careful)
    look_away(good, share=0.95)
    with pytest.raises(RulesRefused, match=r"coverage with 0\.9"):
        apply_rules(study, rules=[{"rule": "coverage", "under": 0.99}], by=None, at=LATER)
    with pytest.raises(RulesRefused, match="system's own word"):
        apply_rules(study, rules=["late"], by=None, at=LATER)
    hurried = apply_rules(study, rules=[{"rule": "hurried", "median_under_ms": 600}], by=None, at=LATER)
    assert hurried.excluded == 1
    assert "'hurried', which is no rule of the plan" in Deviation.objects.get().what
    assert not Exclusion.objects.get().replaces_votes


def test_a_rule_changed_as_a_deviation_is_the_one_that_is_applied():
    study, (good,) = study_of(careful)
    look_away(good, share=0.95)
    assert apply_rules(study, by=None, at=LATER).found == 0
    rules = [{"rule": "coverage", "under": 0.99}]
    change_plan(study.pk, changes={"exclusion_rules": rules}, reason="Stricter.", by=None, at=LATER)
    assert apply_rules(study, by=None, at=LATER).excluded == 1
    facts = plan_facts(study)
    assert facts.exclusion_rules == ("coverage under 0.99",)
    assert [(d.by, d.at) for d in facts.deviations] == [("", LATER)]
    assert facts.sha256 == Plan.objects.get(study=study).sha256


def test_a_rehearsal_is_judged_apart():
    study = make_study(items=6, contrasts=CONTRASTS, votes_per_comparison=4, catch=1, exclusion_rules=RULES)
    deal_study(study, rehearsal=True)
    play_session(study, careless, rehearsal=True)
    assert preview_rules(study, at=LATER).found == 0
    assert apply_rules(study, rehearsal=True, by=None, at=LATER).excluded == 1
    assert votes_and_flow(study, rehearsal=True)[1].analysed == 0
    assert votes_and_flow(study)[1].arrived == 0
    check_study(study, rehearsal=True)


def test_two_sessions_of_one_person_are_named_by_someone_who_knows():
    study, (one, two) = study_of(careful, careful, exclusion_rules=("duplicate_person",))
    args = {"by": None, "at": LATER}
    with pytest.raises(RulesRefused, match="has no session nobody"):
        exclude_same_person(study, earlier="nobody", later=two.pseudonym, reason="x", **args)
    with pytest.raises(RulesRefused, match="two different"):
        exclude_same_person(study, earlier=two.pseudonym, later=two.pseudonym, reason="x", **args)
    with pytest.raises(CannotExclude, match="reason"):
        exclude_same_person(study, earlier=one.pseudonym, later=two.pseudonym, reason="", **args)
    (row,) = exclude_same_person(study, earlier=two.pseudonym, later=one.pseudonym, reason="They told us.", **args)
    assert row.session == two
    assert row.replaces_votes
    assert exclude_same_person(study, earlier=two.pseudonym, later=one.pseudonym, reason="x", **args) == []


def test_the_flow_counts_each_step_once():
    study = make_study(
        items=6, contrasts=CONTRASTS, votes_per_comparison=4, catch=1, practice=1, exclusion_rules=RULES
    )
    open_study(study.pk, at=START)
    start_session(study.pk, at=START)
    practising = play_session(study, careful, answers=0)
    assert practising.assignments.exists()
    quitter = play_session(study, careful, answers=3)
    bad = play_session(study, careless)
    good = play_session(study, careful)
    trial = look_away(good, share=0.1)
    apply_rules(study, by=None, at=START + STEP)
    votes, flow = votes_and_flow(study)
    given_by_quitter = quitter.assignments.filter(kind="main", state="answered").count()
    assert (flow.arrived, flow.consented, flow.practised, flow.finished, flow.answered) == (5, 5, 3, 2, 3)
    assert flow.excluded == (("failed_catch", 1), ("coverage", 1))  # the plan's order
    assert [row.votes for row in excluded_by_rule(votes, rules=["failed_catch", "coverage"])] == [6, 1]
    assert votes.counted.sum() == 5 + given_by_quitter
    assert flow.analysed == 2
    assert bad.finished_at
    assert trial.kind == "main"


def test_rules_apply_themselves_only_where_the_plan_says_so():
    waits, acts = (make_study(key=key, **SETTINGS) for key in ("waits", "acts"))
    edit_plan(acts.pk, changes={"applies_rules_itself": True})
    for study in (waits, acts):
        play_session(open_study(study.pk, at=START), careless)
    assert apply_planned_rules() == 1
    assert apply_planned_rules() == 0
    assert set(Exclusion.objects.values_list("study__key", "rule", "by")) == {("acts", "failed_catch", None)}
    change_plan(waits.pk, changes={"applies_rules_itself": True}, reason="Too many.", by=None, at=LATER)
    now = timezone.now()
    assert studies_that_apply_rules(at=now) == [waits, acts]
    close_study(waits.pk, at=now)
    assert studies_that_apply_rules(at=now) == [waits, acts]
    assert studies_that_apply_rules(at=now + timedelta(days=2)) == [acts]


def test_nobody_came():
    study = opened_study()
    assert votes_and_flow(study)[1] == Flow(0, 0, 0, 0, 0, (), 0)
    applied = apply_rules(study, by=None, at=LATER)
    assert (applied.sessions, applied.found, applied.excluded) == (0, 0, 0)


def printed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("apply_exclusions", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_then_sets_aside():
    study, (bad,) = study_of(careless)
    close_study(study.pk, at=LATER)
    told = printed("s", "--dry-run")
    assert [line for line in told.splitlines() if line.startswith(" ")] == [
        "   finds 1 session: 1 would be set aside.",
        f"   session {bad.pseudonym}: 1 of 1 catch trials answered wrongly; at most 0 may be.",
        "   finds nobody.",
        "   finds 1 session: 1 covered by failed_catch.",
    ]
    assert "2 found: 1 would be set aside, 0 are aside already, 1 are covered by another rule, 0 stay in" in told
    assert not Exclusion.objects.exists()
    assert "2 found: 1 were set aside" in printed("s")
    assert "finds 1 session: 1 aside already." in printed("s", "--dry-run")
    assert Exclusion.objects.get().session == bad
    assert "0 were set aside" in printed("s", "--rule", "too_fast tolerance_ms 0")
    for wrong, message in [
        (["nobody"], "No study has the key 'nobody'"),
        (["s", "--rule", "covrage"], "no rule is called 'covrage'"),
        (["s", "--same-person", "a", "b", "--reason", "x"], "no session a"),
    ]:
        with pytest.raises(CommandError, match=message):
            printed(*wrong)


def test_the_command_gives_a_handful_of_examples():
    study, sessions = study_of(*[careful] * 4)
    for session in sessions:
        look_away(session, share=0.5)
    close_study(study.pk, at=LATER)
    told = printed("s", "--dry-run")
    assert "finds 4 trials: 4 would be set aside." in told
    assert told.count("50 % of the left video was seen") == 3
    assert "and 1 more: Exclusions, on the study's page, has all." in told


def test_the_command_says_that_a_rehearsal_is_not_collected_anew():
    study_of(careful)
    assert "not collected anew" in printed("s", "--dry-run", "--include-rehearsal")
    assert "not collected anew" not in printed("s", "--dry-run")


def test_what_the_task_sets_aside_while_paused_is_wanted_when_the_study_is_open_again():
    study = make_study(**SETTINGS | {"votes_per_comparison": 2})
    edit_plan(study.pk, changes={"applies_rules_itself": True})
    open_study(study.pk, at=START)
    for choose in (careless, careful):
        play_session(study, choose)
    pause_study(study.pk, at=LATER)
    assert apply_planned_rules() == 1
    assert study_progress(study).short_by == 6
    open_study(study.pk, at=LATER)
    play_session(study, careful, at=LATER)
    check_study(study)
    assert study_progress(study).short_by == 0


def test_the_earliest_rule_in_force_has_a_trial_also_where_a_later_one_names_it_alone():
    study, (bad,) = study_of(careless)
    apply_rules(study, by=None, at=LATER)
    trial = bad.assignments.filter(kind="main").first()
    exclude_votes(study.pk, rule="odd", reason="Alone.", assignments=[trial], at=LATER)
    assert [rule for rule, _ in exclusion_ledger(study).why_not(trial)] == ["failed_catch", "odd"]
    assert excluded_by_rule(votes_and_flow(study)[0]) == (Excluded("failed_catch", 6, 1),)
    assert who_is_aside(study).rule_of(bad.pk, trial.pk) == "failed_catch"
    undo_exclusion(active_exclusions(study).get(rule="failed_catch").pk, reason="Broken.", at=LATER)
    exclude_votes(study.pk, rule="failed_catch", reason="Again.", sessions=[bad], at=LATER)
    assert [rule for rule, _ in exclusion_ledger(study).why_not(trial)] == ["odd", "failed_catch"]
    assert who_is_aside(study).rule_of(bad.pk, trial.pk) == "odd"


STEPS = st.lists(st.tuples(st.sampled_from(["apply", "undo", "play", "away"]), st.integers(0, 99)), max_size=10)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking plays whole studies again and again
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, number=st.integers(0, 10**9))
def test_in_any_order_the_ledger_says_what_counting_anew_says(steps, number):
    """Naively: an answer counts unless the last word on it, its session or its place in a chain is an exclusion."""
    study = opened_study(
        key=f"s{number}-{Plan.objects.count()}", items=4, contrasts=CONTRASTS, votes_per_comparison=2, catch=1,
        exclusion_rules=RULES,
    )  # fmt: skip
    players = [careful, careless, stubborn]
    at = START
    for step, n in steps:
        at += timedelta(hours=1)
        if step == "play":
            play_session(study, players[n % 3], at=at)
        elif step == "away":
            sessions = list(study.sessions.filter(assignments__kind="main").distinct().order_by("pk"))
            if sessions:
                look_away(sessions[n % len(sessions)], share=0.3)
        elif step == "apply":
            previewed = preview_rules(study, at=at)
            assert apply_rules(study, by=None, at=at) == previewed
            assert apply_rules(study, by=None, at=at).excluded == 0
        else:
            rows = list(active_exclusions(study).exclude(rule="surplus").order_by("pk"))
            if rows:
                undo_exclusion(rows[n % len(rows)].pk, reason="test", at=at)
        check_study(study)
        rows = list(Exclusion.objects.filter(study=study))
        undone = {row.undoes_id for row in rows}
        standing = [row for row in rows if row.undoes_id is None and row.pk not in undone]
        open_slots = Slot.objects.filter(replaces__isnull=False, closed_at__isnull=True)
        replaced = set(open_slots.values_list("replaces", flat=True))
        expected = {
            trial.pk
            for trial in Assignment.objects.filter(session__study=study, kind="main", state="answered")
            if trial.pk not in replaced
            and not any(row.session_id == trial.session_id or row.assignment_id == trial.pk for row in standing)
        }
        counted = counted_votes(study, primary_question(study), rehearsal=False)
        assert {vote.assignment_id for vote in counted} == expected
        votes = votes_and_flow(study)[0]
        answered = Assignment.objects.filter(session__study=study, kind="main", votes__isnull=False).count()
        assert votes.counted.sum() + sum(row.votes for row in excluded_by_rule(votes)) == answered
        assert len(standing) == len({(row.rule, row.session_id, row.assignment_id) for row in standing})
