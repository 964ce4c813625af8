"""A plan may leave a share of the votes to comparison groups that are chosen while the study runs.

SQLite rebuilds a table whose columns change, and its triggers go with the old one: a frozen plan is guarded anew.
"""

from django.db import migrations, models
from django.db.models import Q

PLAN = """
CREATE TRIGGER plan_stays_frozen BEFORE UPDATE ON studies_plan WHEN OLD.frozen_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a frozen plan is never updated'); END
"""


def guard_again(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS plan_stays_frozen")
        schema_editor.execute(PLAN)


class Migration(migrations.Migration):
    dependencies = [("studies", "0007_items_in_waves")]

    operations = [
        # Going back runs them from the last to the first, so this guards the plan that is rebuilt then.
        migrations.RunPython(migrations.RunPython.noop, guard_again),
        migrations.AddField(model_name="slot", name="adaptive", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="plan", name="adaptive_share", field=models.FloatField(default=0.0)),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=Q(adaptive_share__gte=0, adaptive_share__lte=0.8), name="plan_leaves_uniform_votes"
            ),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
    ]
