"""The report of a study as its rows are now: what `results.compute_report` needs, read from them."""

from datetime import datetime

from studies.models import Question, Study
from studies.queries import study_progress

from .flow import flow_of
from .group_records import group_tables
from .plan_records import plan_facts
from .records import fill_of, primary_question
from .report_parts import About, Report
from .results import compute_report, with_mixed_logit
from .retest_records import retests_of
from .stopping_records import planned_looks_of
from .versions import code_version
from .vote_records import votes_of
from .votes import Votes


def build_report(
    study: Study, *, rehearsal: bool = False, at: datetime, seed: int = 0, mixed_logit: bool = False
) -> Report:
    """Compute the report from the rows, as they are now.

    rehearsal    report the simulated votes of the rehearsal in place of evaluators'
    at           stamped on the report
    seed         of the bootstrap behind the agreement's interval
    mixed_logit  with one for each contrast, which takes longer than all the rest
    Raises       NoQuestion
    """
    question = primary_question(study)
    votes = votes_of(study, question, rehearsal=rehearsal)
    about = about_study(study, question, votes, rehearsal=rehearsal, at=at)
    report = compute_report(votes, plan=plan_facts(study), about=about, seed=seed)
    return with_mixed_logit(report, votes) if mixed_logit else report


def about_study(study: Study, question: Question, votes: Votes, *, rehearsal: bool, at: datetime) -> About:
    """What the report says of the study besides its votes; these say who gave them."""
    progress = study_progress(study, rehearsal=rehearsal)
    return About(
        study=study.key,
        title=study.title,
        state=study.state,
        question=question.key,
        question_text=question.text,
        generated_at=at,
        code_version=code_version(),
        rehearsal=rehearsal,
        sessions_needed=progress.sessions_needed,
        fill=fill_of(progress),
        flow=flow_of(study, votes, rehearsal=rehearsal),
        retests=retests_of(study, question, rehearsal=rehearsal),
        groups=group_tables(study, question, rehearsal=rehearsal),
        looks=planned_looks_of(study, votes, rehearsal=rehearsal),
    )
