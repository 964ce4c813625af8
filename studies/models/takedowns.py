"""Who asked not to be shown any more."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from retrieval.models import Corpus


class TakeDown(models.Model):
    """One row is one person's clips taken down: who did it, when and why, and what it ended.

    It keeps the person's key in the corpus, no name. `studies` are the keys of those that showed them;
    `files_deleted_at` is empty while their video files are kept.
    """

    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, related_name="+")
    person_key = models.CharField(max_length=100)
    reason = models.TextField()
    clips = models.PositiveIntegerField()
    studies = models.JSONField(default=list)
    trials_ended = models.PositiveIntegerField()
    slots_closed = models.PositiveIntegerField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    files_deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "take-down"
        constraints = [
            models.UniqueConstraint(fields=["corpus", "person_key"], name="take_down_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="take_down_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.person_key} of {self.corpus}"

    @property
    def sentence(self) -> str:
        concerned = ", ".join(self.studies) or "none"
        files = "Their video files are deleted." if self.files_deleted_at else "Their video files are still there."
        return (
            f"{self.person_key} is taken down: {self.clips} clip(s), {self.trials_ended} trial(s) ended, "
            f"{self.slots_closed} slot(s) closed; studies that showed them: {concerned}. {files}"
        )
