"""The row of links over the questions of a study, for its report."""

from dataclasses import dataclass

from studies.models import Study

from .tables import kept_query


@dataclass(frozen=True)
class QuestionLink:
    """One question: its wording, the query of its report, and whether this is it."""

    text: str
    query: str
    primary: bool
    current: bool


def question_links(study: Study, shown: str, *, rehearsal: bool) -> tuple[QuestionLink, ...]:
    """The primary question first; none where it is the only one.

    shown  the query of the report that is shown
    """
    asked = study.questions.order_by("position").values_list("key", "text")
    links = []
    for place, (key, text) in enumerate(asked):
        query = kept_query(key if place else "", rehearsal=rehearsal)
        links.append(QuestionLink(text, query, primary=not place, current=query == shown))
    return tuple(links) if len(links) > 1 else ()
