"""A stored report keeps its very text, and a closed study's is another than the open one's.

SQLite rebuilds a table whose columns change, and its trigger goes with the old one: reports are guarded anew.
"""

from importlib import import_module

from django.db import migrations, models

KEY = [
    "study", "last_vote", "number_of_votes", "last_exclusion", "last_deviation", "last_withdrawal", "code_version",
]  # fmt: skip
guarding = import_module("analysis.migrations.0002_reports_are_never_updated")


def guard_anew(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS report_is_kept")
        schema_editor.execute(guarding.SQLITE)


class Migration(migrations.Migration):
    dependencies = [("analysis", "0003_owners_are_told")]

    operations = [
        # Going back runs them from the last to the first, and ends with this.
        migrations.RunPython(migrations.RunPython.noop, guard_anew),
        migrations.AddField(
            model_name="report",
            name="state",
            field=models.CharField(default="", help_text="The study's, as reported.", max_length=10),
        ),
        migrations.AlterField(
            model_name="report",
            name="content",
            field=models.TextField(help_text="The report, as `report_study --format json` prints it."),
        ),
        migrations.RemoveConstraint(model_name="report", name="report_unique"),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(fields=[KEY[0], "state", *KEY[1:]], name="report_unique"),
        ),
        migrations.RunPython(guard_anew, migrations.RunPython.noop),
    ]
