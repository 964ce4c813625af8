from studies.plan_rules import RESERVED_RULES

from .curation import Curation, CurationMethod
from .design import (
    Comparison,
    Contrast,
    Deviation,
    Item,
    ItemKind,
    Plan,
    Question,
    QuestionForm,
    Rendition,
    ShortListeners,
    Side,
    Stimulus,
    Study,
    StudyState,
    StudyText,
)
from .facts import Assignment, AssignmentState, Choice, Exclusion, Remark, Slot, TrialKind, Vote
from .people import Consent, ConsentVersion, Evaluator, PlatformIdentity, Session

__all__ = [
    "RESERVED_RULES",
    "Assignment", "AssignmentState", "Choice", "Comparison", "Consent", "ConsentVersion", "Contrast",
    "Curation", "CurationMethod", "Deviation", "Evaluator", "Exclusion", "Item", "ItemKind", "Plan",
    "PlatformIdentity", "Question", "QuestionForm", "Remark", "Rendition", "Session", "ShortListeners", "Side", "Slot",
    "Stimulus", "Study", "StudyState", "StudyText", "TrialKind", "Vote",
]  # fmt: skip
