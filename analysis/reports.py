"""The report of a study as its rows are now: what `results.compute_report` needs, read from them."""

from dataclasses import replace
from datetime import datetime

from studies.models import Question, Study
from studies.queries import study_progress

from .flow import flow_of
from .group_records import group_tables
from .plan_records import plan_facts
from .records import fill_of, primary_question, question_of
from .remark_records import added_to
from .report_parts import About, Report
from .results import compute_report, with_mixed_logit
from .retest_records import retests_of
from .stopping_records import planned_looks_of
from .versions import code_version
from .vote_records import votes_of
from .votes import Votes


def build_report(
    study: Study,
    *,
    question: str = "",
    rehearsal: bool = False,
    at: datetime,
    seed: int = 0,
    mixed_logit: bool = False,
) -> Report:
    """Compute the report from the rows, as they are now.

    question     key of the question that it answers; "" is the primary one. Of another one all is exploratory, and
                 what the plan says of the primary one alone is left out: primary comparison group, margin, looks
    rehearsal    report the simulated votes of the rehearsal in place of evaluators'
    at           stamped on the report
    seed         of the bootstrap behind the agreement's interval
    mixed_logit  with one for each contrast, which takes longer than all the rest
    Raises       NoQuestion
    """
    asked = question_of(study, question)
    votes, plan = votes_of(study, asked, rehearsal=rehearsal), plan_facts(study)
    about = about_study(study, asked, votes, rehearsal=rehearsal, at=at)
    if about.secondary_to is not None:
        votes = replace(votes, contrasts=tuple(contrast._replace(planned=False) for contrast in votes.contrasts))
        plan = replace(plan, primary=None, equivalence_margin=None)
    report = compute_report(votes, plan=plan, about=about, seed=seed)
    return with_mixed_logit(report, votes) if mixed_logit else report


def about_study(study: Study, question: Question, votes: Votes, *, rehearsal: bool, at: datetime) -> About:
    """What the report says of the study besides its votes; these say who gave them."""
    progress = study_progress(study, rehearsal=rehearsal)
    primary = primary_question(study)
    return About(
        study=study.key,
        title=study.title,
        state=study.state,
        question=question.key,
        question_text=question.text,
        secondary_to=None if question == primary else primary.key,
        generated_at=at,
        code_version=code_version(),
        rehearsal=rehearsal,
        sessions_needed=progress.sessions_needed,
        fill=fill_of(progress),
        added=added_to(study, question, rehearsal=rehearsal),
        flow=flow_of(study, votes, rehearsal=rehearsal),
        retests=retests_of(study, question, rehearsal=rehearsal),
        groups=group_tables(study, question, rehearsal=rehearsal),
        looks=planned_looks_of(study, votes, rehearsal=rehearsal) if question == primary else None,
    )
