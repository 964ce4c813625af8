import csv
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from studies.models import Assignment, AssignmentState, Item, QuestionForm, TrialKind
from studies.services.exclusions import exclude_votes
from studies.services.leases import fail_trial, return_session
from studies.services.rehearsals import rehearse_study
from studies.services.sessions import begin_trials, resume, start_session
from studies.services.votes import Answer, cast_vote, record_view
from tests.factories import START

from .playing import STEP, opened_study, play_session, prefer, watch
from .signing_in import account

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]

INTERFACE = [
    "study", "question", "contrast", "item", "treatment", "control", "left_condition", "right_condition",
    "chosen_side", "chosen_condition", "preferred_treatment", "strength", "evaluator", "session",
    "trial_index", "kind", "shown_at", "voted_at", "rt_ms", "reloads", "speaker_coverage", "left_coverage",
    "right_coverage", "speaker_plays", "left_plays", "right_plays", "excluded", "exclusion_reason",
    "rehearsal",
]  # fmt: skip


def exported(name, *arguments):
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return list(csv.DictReader(StringIO(out.getvalue())))


def test_one_row_an_answer_with_the_columns_that_others_rely_on():
    study = opened_study(items=2, contrasts=("social:random",), votes_per_comparison=1, practice=1)
    session = play_session(study, prefer("social"))

    rows = exported("export_votes", "s")

    assert list(rows[0])[: len(INTERFACE)] == INTERFACE
    assert [(row["kind"], row["trial_index"]) for row in rows] == [
        (trial.kind, str(trial.position)) for trial in session.assignments.order_by("position")
    ]
    main = next(row for row in rows if row["kind"] == "main")
    trial = session.assignments.get(position=main["trial_index"])
    assert {name: main[name] for name in INTERFACE} == {
        "study": "s", "question": "appropriate", "contrast": "social:random", "item": trial.item.speaker.key,
        "treatment": "social", "control": "random", "left_condition": trial.left.condition,
        "right_condition": trial.right.condition, "chosen_side": trial.slot.treatment_side,
        "chosen_condition": "social", "preferred_treatment": "1", "strength": "",
        "evaluator": session.pseudonym, "session": str(session.pk), "trial_index": str(trial.position),
        "kind": "main", "shown_at": trial.shown_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "voted_at": trial.ended_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "rt_ms": "6500", "reloads": "0",
        "speaker_coverage": "1.0", "left_coverage": "1.0", "right_coverage": "1.0", "speaker_plays": "1",
        "left_plays": "1", "right_plays": "1", "excluded": "0", "exclusion_reason": "", "rehearsal": "0",
    }  # fmt: skip


def test_practice_belongs_to_no_contrast():
    study = opened_study(items=2, practice=1)
    play_session(study, prefer("social"), answers=1)

    (row,) = exported("export_votes", "s")

    assert [row[name] for name in ("kind", "contrast", "treatment", "control", "preferred_treatment")] == [
        "practice", "", "", "", "",
    ]  # fmt: skip
    assert row["chosen_condition"] in ("social", row["left_condition"])


def test_control_and_tie_are_zero_and_a_half():
    study = opened_study(items=2, contrasts=("social:random",), votes_per_comparison=1, form=QuestionForm.TIE)
    choices = iter(["tie", None])

    play_session(study, lambda trial: next(choices) or prefer("random")(trial))

    rows = exported("export_votes", "s")
    assert [(row["chosen_side"] == "tie", row["chosen_condition"], row["preferred_treatment"]) for row in rows] == [
        (True, "", "0.5"),
        (False, "random", "0"),
    ]


def test_an_excluded_session_is_marked_with_rule_and_reason():
    study = opened_study(items=2)
    session = play_session(study, prefer("social"))
    exclude_votes(study.pk, rule="too_fast", reason='=HYPERLINK("http://x")', at=START, sessions=[session])

    rows = exported("export_votes", "s")

    assert [(row["excluded"], row["exclusion_reason"]) for row in rows] == [("1", "too_fast")] * 2
    assert rows[0]["exclusion_detail"] == '\'=HYPERLINK("http://x")'


def test_a_reload_leaves_its_watching_and_no_response_time():
    study = opened_study(items=2)
    session = start_session(study.pk, at=START)
    trial = begin_trials(session.pk, at=START).assignment
    record_view(session.pk, trial.key, watch("before", upto_s=3.0), at=START + STEP)
    answer = {"appropriate": Answer("left")}
    cast_vote(session.pk, trial.key, answer, at=START + 2 * STEP, rt_ms=900, view=watch("after"))

    (row,) = exported("export_votes", "s")

    assert [row[n] for n in ("reloads", "rt_ms", "left_coverage", "left_plays")] == ["1", "", "1.0", "2"]


def test_a_retest_belongs_to_the_contrast_that_it_repeats():
    study = opened_study(items=2, contrasts=("social:random",), votes_per_comparison=1)
    session = play_session(study, prefer("social"))
    first = session.assignments.filter(kind=TrialKind.MAIN).first()
    again = Assignment.objects.create(
        session=session, item=first.item, kind=TrialKind.RETEST, retest_of=first, position=99,
        left=first.right, right=first.left, state=AssignmentState.ANSWERED, dealt_at=START,
    )  # fmt: skip
    again.votes.create(question=study.questions.get(), choice="left", voted_at=START)

    row = exported("export_votes", "s")[-1]

    assert (row["kind"], row["contrast"]) == ("retest", "social:random")
    assert row["preferred_treatment"] == ("1" if row["left_condition"] == "social" else "0")


def test_rehearsals_are_left_out_unless_asked_for():
    study = opened_study(items=2, votes_per_comparison=2)
    play_session(study, prefer("social"))
    rehearse_study(study.pk, evaluators=1, preference={}, at=START)

    assert [row["rehearsal"] for row in exported("export_votes", "s")] == ["0", "0"]
    assert [row["rehearsal"] for row in exported("export_votes", "s", "--include-rehearsal")] == list("0011")
    assert [row["rehearsal"] for row in exported("export_trials", "s")] == ["0", "0"]


def test_trials_tell_what_became_of_each():
    study = opened_study(items=3, contrasts=("social:random",), votes_per_comparison=4)
    play_session(study, prefer("social"), answers=1)
    failing = start_session(study.pk, at=START)
    trial = begin_trials(failing.pk, at=START).assignment
    fail_trial(failing.pk, str(trial.key), part="left", reason="did not load", at=START + STEP)
    return_session(failing.pk, at=START + STEP)
    late = START + timedelta(minutes=90)
    resume(play_session(study, prefer("social"), at=late).pk, at=late)

    rows = exported("export_trials", "s")

    assert [row["state"] for row in rows] == [
        "answered", "expired", "expired", "failed", "returned", "returned", "answered", "answered", "answered",
    ]  # fmt: skip
    assert "did not load" in rows[3]["failure_reason"]
    assert rows[0]["began_at"] == "2026-03-01T09:00:00.000Z"
    assert rows[2]["began_at"] == rows[2]["shown_at"] == ""


def test_two_exports_are_the_same_bytes():
    study = opened_study(items=4, votes_per_comparison=2)
    play_session(study, prefer("social"))
    play_session(study, prefer("random"))

    assert exported("export_votes", "s") == exported("export_votes", "s")
    assert exported("export_trials", "s") == exported("export_trials", "s")


def test_no_row_holds_a_token_or_a_platform_identity():
    study = opened_study(items=2)
    session = play_session(study, prefer("social"))

    out = StringIO()
    call_command("export_votes", "s", stdout=out)
    call_command("export_trials", "s", stdout=out)

    assert session.token not in out.getvalue()
    assert session.evaluator.identity_hash not in out.getvalue()
    assert session.completion_code not in out.getvalue()


def test_coverage_is_of_the_prepared_length(db):
    study = opened_study(items=1, contrasts=("social:random",), votes_per_comparison=1)
    item = Item.objects.get(study=study)
    item.renditions.update(length_s=12.0)

    session = start_session(study.pk, at=START)
    trial = begin_trials(session.pk, at=START).assignment
    answer = {"appropriate": Answer("left")}
    cast_vote(session.pk, trial.key, answer, at=START + 2 * STEP, view=watch(upto_s=6.0))

    (row,) = exported("export_votes", "s")
    assert row["speaker_coverage"] == "0.5"


def test_exports_take_as_many_queries_for_many_rows_as_for_few(django_assert_num_queries):
    small = opened_study(key="small", items=1, votes_per_comparison=1, contrasts=("social:random",))
    large = opened_study(key="large", items=3, votes_per_comparison=3, contrasts=("social:random",))
    play_session(small, prefer("social"))
    for _ in range(3):
        play_session(large, prefer("social"))

    for key in ("small", "large"):
        with django_assert_num_queries(5):
            exported("export_votes", key)


@pytest.mark.parametrize("name", ["export_votes", "export_trials"])
def test_an_unknown_study_is_a_sentence(name):
    with pytest.raises(CommandError, match="No study has the key 'nope'"):
        exported(name, "nope")


def test_a_reader_that_goes_is_no_error(tmp_path):
    """As `manage.py export_votes KEY | head -1` does."""
    script = (
        "import sys; from django.core.management.base import OutputWrapper;"
        "from analysis.management.printing import print_lines;"
        "print_lines((f'{n}\\n' for n in range(10**6)), to=OutputWrapper(sys.stdout))"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")


SIDES = "2 answers chose left and 0 right: exact binomial p 0.5, below 0.9."


@pytest.mark.parametrize(("may_stop", "told"), [(True, ""), (False, SIDES)])
def test_who_may_not_see_results_reads_the_rule_and_not_how_many_chose_which_side(client, may_stop, told):
    study = opened_study(items=2)
    session = play_session(study, prefer("social"))
    exclude_votes(study.pk, rule="one_sided", reason=SIDES, at=START, sessions=[session])
    account(client, staff=True, may_view=True, may_stop=may_stop)
    page = b"".join(client.get("/studies/s/trials.csv").streaming_content).decode()
    rows = list(csv.DictReader(StringIO(page)))
    assert [(row["exclusion_reason"], row["exclusion_detail"]) for row in rows] == [("one_sided", told)] * 2


def test_how_a_trial_played_is_in_its_row():
    study = opened_study(items=2)
    play_session(study, prefer("social"), answers=1)
    trial = Assignment.objects.get(state="answered")
    per_part = {"speaker": 1, "left": 2, "right": 3}
    (view,) = trial.views.values()
    view["playback"] = {
        "drift": {"frames": 450, "p50_ms": 0, "p95_ms": 13, "max_ms": 27}, "start_ms": per_part, "frames": per_part,
        "dropped": per_part, "stalls": 1, "stalled_ms": 700, "sound_off_ms": -12,
    }  # fmt: skip
    trial.save(update_fields=["views"])

    (row,) = exported("export_votes", "s")

    names = ("drift_p95_ms", "drift_max_ms", "stalls", "stalled_ms", "right_dropped", "left_start_ms", "sound_off_ms")
    assert [row[name] for name in names] == ["13", "27", "1", "700", "3", "2", "-12"]
