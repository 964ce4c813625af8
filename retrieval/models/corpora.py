"""What there is to choose from: licensed collections, the people in them, and their clips."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
key_validator = RegexValidator(
    KEY_PATTERN, "A key is letters, digits, '.', '_' and '-', and begins with a letter or digit."
)


class Role(models.TextChoices):
    SPEAKER = "speaker"
    LISTENER = "listener"


class Split(models.TextChoices):
    TRAIN = "train"
    TEST = "test"


class Corpus(models.Model):
    """One row is one licensed collection of clips.

    Invariant: licence and consent statement are never empty (held by the database).
    """

    key = models.CharField(max_length=100, unique=True, validators=[key_validator])
    title = models.CharField(max_length=200)
    licence = models.TextField(help_text="Under which terms these videos may be used.")
    consent_statement = models.TextField(help_text="What the people in the videos agreed to.")
    permitted_uses = models.TextField(
        blank=True, help_text="Such as 'studies, training'; empty: what the consent says. A person may permit less."
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "corpora"
        constraints = [
            models.CheckConstraint(condition=~Q(licence=""), name="corpus_has_licence"),
            models.CheckConstraint(condition=~Q(consent_statement=""), name="corpus_has_consent"),
        ]

    def __str__(self) -> str:
        return self.key


class Person(models.Model):
    """One row is someone seen in the clips of one corpus, with what they declared about themselves.

    Invariant: unique (corpus, key). A take-down acts on this row, and so on every clip of the person.
    """

    corpus = models.ForeignKey(Corpus, on_delete=models.CASCADE, related_name="people")
    key = models.CharField(max_length=100, validators=[key_validator])
    attributes = models.JSONField(default=dict, blank=True)
    permitted_uses = models.TextField(blank=True)
    taken_down_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(fields=["corpus", "key"], name="person_key_unique")]

    def __str__(self) -> str:
        return self.key


class Clip(models.Model):
    """One row is one video of one person in one role, known by the hash of its content.

    Invariants: unique (corpus, key); never changed once imported; only a speaker has a partner, who is the
    listener that was really there. `file` is relative to the media folder. Lengths are seconds, sizes pixels
    as displayed (after rotation).
    """

    corpus = models.ForeignKey(Corpus, on_delete=models.CASCADE, related_name="clips")
    key = models.CharField(max_length=100, validators=[key_validator])
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="clips")
    role = models.CharField(max_length=10, choices=Role)
    partner = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="speakers"
    )
    transcript = models.TextField(blank=True)
    split = models.CharField(max_length=10, choices=Split, blank=True)
    licence = models.TextField(blank=True, help_text="Where it differs from the corpus's.")
    file = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    length_s = models.FloatField()
    fps = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    has_audio = models.BooleanField()
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["corpus", "key"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "key"], name="clip_key_unique"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="clip_role_known"),
            models.CheckConstraint(condition=Q(length_s__gt=0), name="clip_has_length"),
            models.CheckConstraint(
                condition=Q(partner__isnull=True) | Q(role=Role.SPEAKER), name="clip_partner_of_speaker"
            ),
            models.CheckConstraint(
                condition=Q(partner__isnull=True) | ~Q(partner=F("id")), name="clip_not_own_partner"
            ),
        ]

    def __str__(self) -> str:
        return self.key
