"""A report that was written down is read back as it was."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report_json import report_as_dict, report_as_json
from analysis.report_parts import PlanFacts
from analysis.report_reading import NotThisReport, report_from_dict
from analysis.reports import build_report
from analysis.results import with_mixed_logit
from analysis.votes import ContrastName
from studies.services.rehearsals import rehearse_study
from tests.asked import ALL_FORMS
from tests.factories import START

from .playing import opened_study
from .reporting import made_up_report, made_up_votes
from .test_stopping_study import looking_study, play

NAMES = (ContrastName("a", "b"), ContrastName("b", "c", False), ContrastName("a", "c"))


def read_back(report):
    return report_from_dict(json.loads(report_as_json(report)))


@settings(max_examples=15, deadline=None)
@given(
    contrasts=st.integers(1, 3), speakers=st.integers(1, 9), evaluators=st.integers(1, 6), share=st.floats(0, 1),
    ties=st.sampled_from([0.0, 0.3]), set_aside=st.integers(0, 5), margin=st.sampled_from([None, 0.1]),
    strength=st.booleans(),
)  # fmt: skip
def test_what_is_written_is_read_back(contrasts, speakers, evaluators, share, ties, set_aside, margin, strength):
    report = made_up_report(
        plan=PlanFacts(equivalence_margin=margin, changed_at={"hypotheses": START}, exclusion_rules=("failed_catch",)),
        contrasts=NAMES[:contrasts],
        speakers=speakers,
        evaluators=evaluators,
        share=share,
        ties=ties,
        set_aside=set_aside,
        strength=strength,
    )

    assert read_back(report) == report
    assert report_as_json(read_back(report)) == report_as_json(report)


def test_a_report_with_mixed_logits_is_read_back():
    votes = made_up_votes()
    report = with_mixed_logit(made_up_report(), votes)

    assert report.contrasts[0].mixed_logit is not None
    assert read_back(report) == report


@pytest.mark.django_db
def test_reports_of_studies_are_read_back_with_flow_groups_retests_and_looks():
    looking = looking_study(votes=1)
    play(looking, sessions=3)
    rehearsed = opened_study(key="r", items=6, votes_per_comparison=4, catch=1, asking=ALL_FORMS)
    rehearse_study(rehearsed.pk, evaluators=3, preference={"social": 0.8}, retests=2, careless=0.4, at=START, seed=2)

    for report in (build_report(looking, at=START), build_report(rehearsed, rehearsal=True, at=START)):
        assert report.flow is not None
        assert read_back(report) == report
    assert all(contrast.clarity and contrast.reasons and contrast.moments for contrast in report.contrasts)


def test_values_of_another_version_are_refused():
    values = report_as_dict(made_up_report())
    without = {name: value for name, value in values.items() if name != "looks"}

    for other in (without, values | {"further": 1}, {"study": "s"}, values | {"contrasts": [{}]}):
        with pytest.raises(NotThisReport, match="another version"):
            report_from_dict(other)
