import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analysis.report_json import report_as_dict, report_as_json
from analysis.report_text import report_as_text
from analysis.reports import build_report
from studies.services.exclusions import exclude_votes
from studies.services.rehearsals import rehearse_study
from studies.services.sessions import begin_trials, start_session
from tests.factories import START, make_study

from .playing import opened_study, play_session, prefer

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]

INTERFACE = [
    "treatment", "control", "votes", "ties", "wins", "target", "short_by", "share", "interval", "p", "df",
    "effective_votes", "design_effect", "note", "signflip_speaker_p", "signflip_evaluator_p", "binomial_p",
    "clopper_pearson", "speakers", "evaluators", "left_share",
]  # fmt: skip


def command(*arguments):
    out = StringIO()
    call_command("report_study", *arguments, stdout=out)
    return out.getvalue()


def test_a_study_without_votes_has_a_report_without_numbers():
    study = opened_study(items=4, contrasts=("social:random",), votes_per_comparison=2)

    report = report_as_dict(build_report(study, at=START))

    (contrast,) = report["contrasts"]
    assert {name: contrast[name] for name in INTERFACE} == {
        "treatment": "social", "control": "random", "votes": 0, "ties": 0, "wins": 0, "target": 8, "short_by": 8,
        "share": None, "interval": None, "p": None, "df": None, "effective_votes": None, "design_effect": None,
        "note": "No votes yet.", "signflip_speaker_p": None, "signflip_evaluator_p": None, "binomial_p": None,
        "clopper_pearson": None, "speakers": 0, "evaluators": 0, "left_share": None,
    }  # fmt: skip
    assert report["sessions_needed"] == 2


def test_target_valid_live_and_short_by_follow_the_rows():
    study = opened_study(items=4, contrasts=("social:random",), votes_per_comparison=3)
    session = play_session(study, prefer("social"))
    begin_trials(start_session(study.pk, at=START).pk, at=START)
    exclude_votes(study.pk, rule="odd", reason="by hand", at=START, assignments=session.assignments.all()[:1])

    (contrast,) = build_report(study, at=START).contrasts

    assert (contrast.target, contrast.valid, contrast.live, contrast.short_by) == (12, 4, 4, 8)
    assert contrast.summary.votes == 3


def test_a_rehearsed_preference_lies_in_its_interval():
    study = make_study(items=20, contrasts=("social:random",), votes_per_comparison=6)
    rehearse_study(study.pk, evaluators=6, preference={"social": 0.75}, at=START, seed=5)

    report = json.loads(command("s", "--format", "json", "--include-rehearsal"))

    (contrast,) = report["contrasts"]
    assert report["rehearsal"] is True
    assert (contrast["votes"], contrast["target"], contrast["short_by"]) == (120, 120, 0)
    assert contrast["interval"][0] <= 0.75 <= contrast["interval"][1]
    assert (contrast["speakers"], contrast["evaluators"]) == (20, 6)


def test_a_rehearsal_is_in_no_other_report():
    study = opened_study(items=4, votes_per_comparison=4)
    rehearse_study(study.pk, evaluators=4, preference={"social": 0.75}, at=START)

    report = build_report(study, at=START)

    assert [contrast.summary.votes for contrast in report.contrasts] == [0, 0]
    assert report.rehearsal is False


def test_the_same_rows_give_the_same_bytes():
    study = opened_study(items=12, votes_per_comparison=4)
    for number in range(4):
        play_session(study, prefer("social"), at=START + timedelta(hours=number))

    first, second = (report_as_json(build_report(study, at=START)) for _ in range(2))

    assert first == second
    assert json.loads(first)["generated_at"] == "2026-03-01T09:00:00Z"


def test_the_text_has_the_sentence_and_marks_a_rehearsal():
    study = make_study(items=4, contrasts=("social:random",), votes_per_comparison=2)
    rehearse_study(study.pk, evaluators=2, preference={"social": 1.0}, at=START)

    text = command("s", "--include-rehearsal")

    assert text == report_as_text(build_report(study, rehearsal=True, at=START)) + "\n"
    assert "REHEARSAL: simulated votes, nobody's preference." in text
    assert "social was preferred over random in 8 of 8 votes (100.0 %)." in text


def test_an_unknown_study_is_a_sentence():
    with pytest.raises(CommandError, match=r"No study has the key 'nope'\. There is no study yet"):
        command("nope")


def test_a_study_without_a_question_is_a_sentence():
    study = make_study()
    study.questions.all().delete()

    with pytest.raises(CommandError, match="Study 's' has no question yet"):
        command("s")


def test_a_report_takes_as_many_queries_for_many_votes_as_for_few(django_assert_max_num_queries):
    small = opened_study(key="small", items=2, votes_per_comparison=1, contrasts=("social:random",))
    large = opened_study(key="large", items=6, votes_per_comparison=4, contrasts=("social:random",))
    play_session(small, prefer("social"))
    for number in range(4):
        play_session(large, prefer("social"), at=START + timedelta(hours=number))

    with django_assert_max_num_queries(40) as few:
        build_report(small, at=START)
    with django_assert_max_num_queries(40) as many:
        build_report(large, at=START)

    assert len(many) == len(few)
