"""Reports as they were computed, kept beside the votes they counted; and what a study's owner was told."""

from django.db import models
from django.utils.formats import date_format

from studies.models import Study


class ReportIsStored(Exception):
    """A stored report is never changed; compute and store another."""


class Report(models.Model):
    """One row is one report of one study as it was computed, with what it had seen of the study.

    Invariants: never updated (a trigger refuses it too); at most one report for the same rows seen by the
    same code in the same state of the study. The marks are primary keys, 0 where there was none: deleting a withdrawn
    evaluator's votes deletes the reports that counted them, by service, not by cascade. `content` is text, as a
    database's own JSON would order it anew and round it.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, default="", help_text="The study's, as reported.")
    last_vote = models.PositiveBigIntegerField()
    number_of_votes = models.PositiveBigIntegerField()
    last_exclusion = models.PositiveBigIntegerField()
    last_deviation = models.PositiveBigIntegerField()
    last_withdrawal = models.PositiveBigIntegerField()
    code_version = models.CharField(max_length=100)
    content = models.TextField(help_text="The report, as `report_study --format json` prints it.")
    generated_at = models.DateTimeField()

    class Meta:
        ordering = ["study", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "study", "state", "last_vote", "number_of_votes", "last_exclusion", "last_deviation",
                    "last_withdrawal", "code_version",
                ],
                name="report_unique",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"report of {self.study} after {self.number_of_votes} votes"

    def save(self, *args: object, **kwargs: object) -> None:
        if not self._state.adding:
            raise ReportIsStored("A stored report is never changed: compute another.")
        super().save(*args, **kwargs)


class StopNotice(models.Model):
    """One row is one look at which a study's rule said that it may stop, where the plan leaves that to the owner.

    Invariants: one a study and look. `look` counts from 1. `mailed_at` is set by whoever sends the e-mail, before it is
    sent, so that no two do; null where none was sent.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    look = models.PositiveIntegerField()
    speakers = models.PositiveIntegerField()
    at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["study", "look"]
        constraints = [models.UniqueConstraint(fields=["study", "look"], name="stop_notice_unique")]

    def __str__(self) -> str:
        place = f"look {self.look}, at {self.speakers} completed speakers, on {date_format(self.at, 'j F Y')}"
        return f"The rule says the study may stop: {place}. Close it or go on."
