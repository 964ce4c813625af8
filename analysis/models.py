"""Reports as they were computed, kept beside the votes they counted."""

from django.db import models

from studies.models import Study


class ReportIsStored(Exception):
    """A stored report is never changed; compute and store another."""


class Report(models.Model):
    """One row is one report of one study as it was computed, with what it had seen of the study.

    Invariants: never updated (a trigger refuses it too); at most one report for the same rows seen by the
    same code. The marks are primary keys, 0 where there was none: deleting a withdrawn evaluator's votes
    deletes the reports that counted them, by service, not by cascade.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    last_vote = models.PositiveBigIntegerField()
    number_of_votes = models.PositiveBigIntegerField()
    last_exclusion = models.PositiveBigIntegerField()
    last_deviation = models.PositiveBigIntegerField()
    last_withdrawal = models.PositiveBigIntegerField()
    code_version = models.CharField(max_length=100)
    content = models.JSONField(help_text="The report, as `report_study --format json` prints it.")
    generated_at = models.DateTimeField()

    class Meta:
        ordering = ["study", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "study", "last_vote", "number_of_votes", "last_exclusion", "last_deviation",
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
