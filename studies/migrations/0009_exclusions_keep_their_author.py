"""An exclusion keeps the name of who made it when the account goes; the trigger that guards the ledger guards it too.

SQLite rebuilds a table whose columns change, and its triggers go with the old one: the ledger is guarded anew.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

KEPT = "id, study_id, session_id, assignment_id, rule, reason, replaces_votes, undoes_id, at"
MESSAGE = "a row of the ledger is never updated: exclusion"


def write_names(apps, schema_editor):
    """While the trigger does not know the column: afterwards nobody fills it in."""
    user = settings.AUTH_USER_MODEL
    accounts = apps.get_model(user).objects.filter(pk=OuterRef("by_id"))
    rows = apps.get_model("studies", "Exclusion").objects.filter(by__isnull=False)
    rows.update(who=Subquery(accounts.values("username")[:1]))


def guard(schema_editor, columns):
    quoted = ", ".join(f'"{column.strip()}"' for column in columns.split(","))
    when = f"BEFORE UPDATE OF {quoted} ON studies_exclusion"
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS exclusion_is_kept")
        schema_editor.execute(f"CREATE TRIGGER exclusion_is_kept {when} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END")
        return
    schema_editor.execute("DROP TRIGGER IF EXISTS exclusion_is_kept ON studies_exclusion")
    schema_editor.execute(
        f"CREATE TRIGGER exclusion_is_kept {when} FOR EACH ROW EXECUTE FUNCTION refuse_exclusion_update()"
    )


def guard_with_name(apps, schema_editor):
    guard(schema_editor, f"{KEPT}, who")


def guard_without_name(apps, schema_editor):
    guard(schema_editor, KEPT)


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0008_adaptive_votes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Going back runs them from the last to the first: no trigger names the column when it goes, and the table
        # that is rebuilt without it is guarded again.
        migrations.RunPython(migrations.RunPython.noop, guard_without_name),
        migrations.AddField(
            model_name="exclusion", name="who", field=models.CharField(blank=True, max_length=150)
        ),
        migrations.RunPython(write_names, migrations.RunPython.noop),
        migrations.RunPython(guard_with_name, guard_without_name),
    ]
