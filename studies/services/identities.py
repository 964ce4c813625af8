"""The ids that recruitment platforms give evaluators: encrypted, and deleted when their time is over.

An evaluator is told apart by a keyed hash alone; the id itself is kept only to settle their pay with the platform.
"""

import logging
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction

from studies.models import Evaluator, PlatformIdentity

logger = logging.getLogger(__name__)


class NoIdentityKey(Exception):
    """No key is set, so nothing can be encrypted."""


def keeps_identities() -> bool:
    """Whether there is a key to encrypt ids with; without one none is kept."""
    return bool(settings.REALTALK_IDENTITY_KEYS)


def keep_identity(
    evaluator: Evaluator, text: str, *, at: datetime, days: int | None = None
) -> PlatformIdentity | None:
    """Keep what a platform calls this evaluator, encrypted, instead of what was kept before.

    days     until it is deleted; by default REALTALK_IDENTITY_DAYS
    Returns  None, and keeps nothing, where no key is set
    """
    if not keeps_identities():
        return None
    days = settings.REALTALK_IDENTITY_DAYS if days is None else days
    found = {"ciphertext": _cipher().encrypt(text.encode()), "delete_after": at + timedelta(days=days)}
    return PlatformIdentity.objects.update_or_create(evaluator=evaluator, defaults=found)[0]


def identity_of(evaluator: Evaluator, *, at: datetime) -> str | None:
    """What was kept of this evaluator; None where nothing was, its time is over, or its key is not among those set."""
    row = PlatformIdentity.objects.filter(evaluator=evaluator, delete_after__gt=at).first()
    if row is None or not keeps_identities():
        return None
    try:
        return _cipher().decrypt(bytes(row.ciphertext)).decode()
    except InvalidToken:
        logger.warning("The platform id of evaluator %s cannot be read: its key is not set any more.", evaluator.pk)
        return None


def forget_identities(*, at: datetime) -> int:
    """Delete the ids whose retention has ended. Returns how many went."""
    return PlatformIdentity.objects.filter(delete_after__lte=at).delete()[0]


def encrypt_anew() -> tuple[int, int]:
    """Encrypt every id with the first key, so that older keys can go.

    Returns  how many were, and how many no key that is set can read: those stay as they are
    Raises   NoIdentityKey
    """
    if not keeps_identities():
        raise NoIdentityKey("REALTALK_IDENTITY_KEYS is not set: there is no key to encrypt with.")
    done = unread = 0
    for pk in list(PlatformIdentity.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = PlatformIdentity.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue  # forgotten meanwhile
            try:
                row.ciphertext = _cipher().rotate(bytes(row.ciphertext))
            except InvalidToken:
                unread += 1
                continue
            row.save(update_fields=["ciphertext"])
            done += 1
    return done, unread


def new_key() -> str:
    return Fernet.generate_key().decode()


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.REALTALK_IDENTITY_KEYS])
