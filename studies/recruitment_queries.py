"""What a researcher may ask of recruitment without learning who somebody is."""

from .models import Session, Study


def whose_code(study: Study, code: str) -> str:
    """Whether a code for pay was given in this study, and when: a sentence, and nothing that leads to the answers."""
    code = code.strip().upper()
    session = Session.objects.filter(study=study, rehearsal=False, completion_code=code).first() if code else None
    if session is None:
        for way in study.recruitments.order_by("pk"):
            shared = (way.completion_code, way.screen_out_code, way.failed_check_code)
            if code and code in [one.upper() for one in shared]:
                return f"{code} is a code of '{way.key}', the same for everyone: the platform says who has it."
        return f"Nobody was given the code {code} in '{study.key}'."
    if session.finished_at:
        return f"{code} was given to somebody who finished on {session.finished_at:%Y-%m-%d}."
    return f"{code} belongs to somebody who began on {session.started_at:%Y-%m-%d} and has not finished."
