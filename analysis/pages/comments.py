"""What evaluators wrote, for those who may read it."""

from dataclasses import replace

from analysis.remark_records import comments_on
from studies.models import Study

from .tables import Table, table

MOST = 500


def comments_table(study: Study, *, rehearsal: bool) -> Table | None:
    """Folded; None where nobody wrote anything."""
    written, number = comments_on(study, rehearsal=rehearsal, most=MOST)
    if not written:
        return None
    caption = f"Comments ({number})" if number <= MOST else f"Comments (the first {MOST} of {number})"
    rows = [(one.evaluator, str(one.trial_index), one.kind, one.item, one.text) for one in written]
    columns = ("Evaluator", "Trial", "Kind", "Speaker", "Comment")
    return replace(table(caption, columns, rows, words=True), folded=True)
