"""SONA's server-side completion URL: this site says that somebody has finished, and SONA grants the credit.

Sources  sona-systems.com/researcher/server-side-completion-url-responses (parameters, by GET; XML; a granted credit has
         credit_status G; "Note the parameters must be specified as part of the URL")
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from .calling import Refused, TryLater, call
from .sona import NAME

PATH = "/services/SonaAPI.svc/WebstudyCredit"
# One word of an answer in a form that is known: nothing else of it is read, so nothing of it is parsed.
ANSWER = "WebstudyCreditResult"
GRANTED = re.compile(r"<(?:\w+:)?credit_status>\s*G\s*</")


def server_credit_problem(address: str) -> str:
    """Why this is no server-side completion address of SONA; empty where it is one."""
    parts = urlsplit(address)
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    is_there = parts.scheme == "https" and parts.netloc and parts.path.endswith(PATH)
    if is_there and {"experiment_id", "credit_token", NAME} <= names:
        return ""
    return (
        "The server-side address is on SONA's study page, beside the client-side one: "
        f"https://SCHOOL.sona-systems.com{PATH}?experiment_id=…&credit_token=…&survey_code=XXXX"
    )


def grant_credit(address: str, survey_code: str) -> None:
    """Raises  Refused where SONA grants this person none, as for a code that has its credit already; TryLater for every
    answer that says nothing of the person, such as an address that is mistyped or a site under repair
    """
    parts = urlsplit(address)
    query = urlencode([(name, survey_code if name == NAME else value) for name, value in parse_qsl(parts.query)])
    try:
        answer = call("GET", parts._replace(query=query).geturl(), headers={})
    except Refused as refusal:
        raise TryLater(str(refusal)) from None
    if ANSWER not in str(answer.said):
        raise TryLater(f"{parts.netloc} gave another answer than SONA's: is it the server-side address?")
    if not GRANTED.search(str(answer.said)):
        raise Refused("SONA granted no credit.", status=answer.status)
