"""What an evaluator adds to the answers of one trial: reasons, a comment, the moment that decided."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from studies.models import Assignment, Question, Remark, Study

LONGEST_COMMENT = 1000
# The page's clock of the videos and the server's length of them may differ by a picture or two.
BEYOND_END_S = 0.5


@dataclass(frozen=True)
class Added:
    """What came with the answers; empty where there was nothing.

    reasons    keys of the reasons ticked, by question key; questions without any are left out
    decided_s  seconds from the start of the clip
    """

    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    comment: str = ""
    decided_s: float | None = None


class CannotAdd(Exception):
    """It does not fit the study; the message is for the evaluator."""


def as_added(added: Added, *, study: Study, questions: Sequence[Question], length_s: float) -> Added:
    """The same as it is kept: reasons in the questions' order, a comment without control characters.

    Raises  CannotAdd for what the study does not ask for or cannot hold
    """
    comment = cleaned(added.comment)
    if comment and not study.asks_comment:
        raise CannotAdd(_("This study asks for no comment. Reload the page to go on."))
    if len(comment) > LONGEST_COMMENT:
        raise CannotAdd(_("Please shorten your comment to %(most)d characters.") % {"most": LONGEST_COMMENT})
    return Added(_reasons(added.reasons, questions), comment, _decided(added.decided_s, study, length_s))


def added_of(assignment: Assignment) -> Added:
    """What is kept with an answered trial."""
    remark = Remark.objects.filter(assignment=assignment).first()
    return Added() if remark is None else Added(remark.reasons, remark.comment, remark.decided_s)


def cleaned(comment: str) -> str:
    """Without control characters (line ends stay) and halves of characters, and without blanks around it."""
    lines = comment.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(one for one in lines if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs")).strip()


def _reasons(ticked: Mapping[str, Sequence[str]], questions: Sequence[Question]) -> dict[str, list[str]]:
    offered = {question.key: [reason["key"] for reason in question.reasons] for question in questions}
    for question, keys in ticked.items():
        if len(set(keys)) != len(keys) or not set(keys) <= set(offered.get(question, [])):
            raise CannotAdd(_("A reason was not understood. Reload the page to go on."))
    kept = {key: [reason for reason in reasons if reason in ticked.get(key, [])] for key, reasons in offered.items()}
    return {key: reasons for key, reasons in kept.items() if reasons}


def _decided(decided_s: float | None, study: Study, length_s: float) -> float | None:
    if decided_s is None:
        return None
    if not study.asks_when:
        raise CannotAdd(_("This study asks for no moment. Reload the page to go on."))
    if not 0 <= decided_s <= length_s + BEYOND_END_S:
        raise CannotAdd(_("The moment that you marked is not in the videos. Reload the page to go on."))
    return round(min(decided_s, length_s), 3)
