"""What the pages of withdrawal are given: frozen, and without a word of what anybody answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Session, Withdrawal
from .services.withdrawals import held_of, is_listed
from .texts import language_of, title_of

# In the order of the pages; the keys are those of Withdrawal.deleted.
KINDS = {
    "votes": gettext_lazy("Answers to questions about videos"),
    "remarks": gettext_lazy("Reasons, comments and marked moments"),
    "notes": gettext_lazy("Notes to the researchers"),
    "trials": gettext_lazy("Trials, with what was watched"),
    "entry_answers": gettext_lazy("Answers before the first trial, and what the platform told about you"),
    "device_checks": gettext_lazy("Check of sound and screen"),
    "consents": gettext_lazy("Agreements to the consent text"),
    "exclusions": gettext_lazy("Records that set answers aside"),
    "submissions": gettext_lazy("Records of the recruitment platform"),
    "invitations": gettext_lazy("Invitations"),
    "sessions": gettext_lazy("Personal addresses, with pseudonym and receipt code"),
    "identities": gettext_lazy("Encrypted ids of the recruitment platform"),
    "evaluators": gettext_lazy("Keyed fingerprints that would tell that you come again"),
}


@dataclass(frozen=True)
class Kind:
    label: str
    number: int


@dataclass(frozen=True)
class CodePage:
    """problem: why the code that was typed led nowhere; it stands in its field again."""

    title: str
    problem: str = ""
    typed: str = ""


@dataclass(frozen=True)
class WithdrawPage:
    """code: typed on the page before, and sent again with the confirmation; empty on one's own address."""

    title: str
    kinds: tuple[Kind, ...]
    stays: tuple[str, ...]
    code: str
    has_code_to_hand_in: bool


@dataclass(frozen=True)
class CertificatePage:
    title: str
    certificate: str
    at: datetime
    kinds: tuple[Kind, ...]


def code_page(problem: str = "", typed: str = "") -> CodePage:
    return CodePage(_("Withdraw your data"), problem, typed)


def withdraw_page(session: Session, *, code: str = "") -> WithdrawPage:
    deleted = held_of(session)
    stays = [
        _("That somebody withdrew from this study, when, and how many rows of each kind were deleted."),
        _("Results that were published before. They are numbers about all who took part, and name nobody."),
    ]
    if "evaluators" not in deleted:
        stays.append(_("Your part in other studies of this site. Each has its own receipt code."))
    if is_listed(session):
        stays.append(_("A keyed fingerprint on a list of those who may, or may not, take part in further studies."))
    stays.append(_("Copies in backups, until these are replaced. They are used only to repair this site."))
    title = title_of(session.study, language_of(session))
    has_code = bool(session.completion_code and (session.finished_at or session.screened_out_at))
    return WithdrawPage(title, _kinds(deleted), tuple(stays), code, has_code)


def certificate_page(withdrawal: Withdrawal, language: str) -> CertificatePage:
    title = title_of(withdrawal.study, language)
    return CertificatePage(title, withdrawal.certificate, withdrawal.at, _kinds(withdrawal.deleted))


def _kinds(deleted: Mapping[str, int]) -> tuple[Kind, ...]:
    return tuple(Kind(str(label), deleted[kind]) for kind, label in KINDS.items() if deleted.get(kind))
