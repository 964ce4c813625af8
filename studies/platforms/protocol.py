"""What every platform's adapter does: read the link, name the way back, read what the platform sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from studies.models import Recruitment, SubmissionStatus

# How far a platform's clock may be from ours.
CLOCK_SKEW = timedelta(minutes=5)
# Longer than any id of a platform that was seen (MTurk allows 255 bytes); what is longer is no id.
LONGEST_ID = 255
# Words after which a session is no longer the platform's: its places are somebody else's.
TAKEN_BACK = frozenset({SubmissionStatus.RETURNED, SubmissionStatus.TIMED_OUT, SubmissionStatus.REJECTED})


class NotThisWay(Exception):
    """The link does not say who comes, or is another study's. The message is for whoever runs the study."""


class NotBelieved(Exception):
    """A message that the platform did not sign, or signed too long ago; or there is nothing to check it with."""


@dataclass(frozen=True)
class Arrival:
    """Who comes, by a platform's link.

    identity    the platform's id of the person; None where each arrival is a new person as far as known
    reference   its id of this submission; empty where it has none
    address     where their answer is handed in, for a platform that tells it in the link; else empty
    is_preview  they only look: nothing is started
    """

    identity: str | None
    reference: str = ""
    address: str = ""
    is_preview: bool = False


@dataclass(frozen=True)
class Word:
    """One message of a platform.

    key        the same however often the message is sent
    reference  the submission it is about; empty where it is about none
    status     what it says of that; None for words that are not known
    sent_at    by the platform's clock
    """

    key: str
    kind: str
    reference: str
    status: SubmissionStatus | None
    sent_at: datetime


@dataclass(frozen=True)
class Listed:
    """A submission as the platform has it now. at: by its clock, where it tells it."""

    reference: str
    status: SubmissionStatus | None
    at: datetime | None


class Adapter(Protocol):
    """One platform.

    makes_codes       whether it takes completion codes of our making
    needs_identities  whether a session's ids are needed at its end, so that a key to keep them must be set
    """

    makes_codes: bool
    needs_identities: bool

    def link(self, recruitment: Recruitment, page: str) -> str:
        """What is given to the platform. page: the recruitment's own address, from https:// to the slash."""

    def arrival(self, recruitment: Recruitment, query: Mapping[str, str]) -> Arrival:
        """Who a link's query names. Raises NotThisWay."""

    def return_address(self, recruitment: Recruitment, code: str, *, told: Mapping[str, str], hand_in: str) -> str:
        """The way back with this code; empty where there is none.

        told     what is kept of the arrival: participant, submission, address; empty where nothing is
        hand_in  our page with the form that hands an answer in there
        """

    def word(self, recruitment: Recruitment, body: bytes, headers: Mapping[str, str], *, at: datetime) -> Word:
        """A signed message. Raises NotBelieved."""


def plain(text: object, length: int) -> str:
    """A text of a message as any database keeps it: printable, no longer than that."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:length]


def id_in(query: Mapping[str, str], name: str) -> str:
    """An id in a link's query. Raises NotThisWay where it is missing, too long, or a placeholder left unfilled."""
    text = query.get(name, "").strip()
    if not text or len(text) > LONGEST_ID or "%" in text or not text.isprintable():
        raise NotThisWay(f"The link says no {name}.")
    return text
