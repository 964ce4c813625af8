"""The page in place of a report whose results are hidden: how full the study is, and why nothing else is shown."""

from dataclasses import dataclass

from analysis.peeking import LOOKED
from analysis.records import fill_of
from analysis.report_parts import Fill
from analysis.stopping_records import standing_notice
from studies.models import Study
from studies.queries import study_progress

from .tables import Table, table

EMPTY = Fill(0, 0, 0)


@dataclass(frozen=True)
class SealedPage:
    """Progress only.

    deviation  what looking anyway writes down
    may_stop   what the stopping rule tells the owner, "" where it tells nothing
    """

    title: str
    study: str
    state: str
    rehearsal: bool
    linked: bool
    query: str
    table: Table
    sessions_needed: int
    deviation: str
    may_stop: str


def sealed_page(study: Study) -> SealedPage:
    progress = study_progress(study)
    filled = fill_of(progress)
    rows = {
        f"{contrast.treatment} : {contrast.control}": filled.get((contrast.treatment, contrast.control), EMPTY)
        for contrast in study.contrasts.order_by("position", "pk")
    }
    return SealedPage(
        title=study.title,
        study=study.key,
        state=study.state,
        rehearsal=False,
        linked=False,
        query="",
        table=table(
            "Votes wanted and had",
            ("Comparison group", "Target", "Valid", "Live", "Short by"),
            [
                (name, str(target), str(valid), str(live), str(target - valid))
                for name, (target, valid, live) in rows.items()
            ],
        ),
        sessions_needed=progress.sessions_needed,
        deviation=LOOKED,
        may_stop=str(standing_notice(study) or ""),
    )
