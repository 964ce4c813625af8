from django.db import migrations

# The database refuses what the model refuses: a report, once stored, is what was computed then.
SQLITE = """
CREATE TRIGGER report_is_kept BEFORE UPDATE ON analysis_report
BEGIN SELECT RAISE(ABORT, 'a stored report is never updated'); END
"""

POSTGRESQL = """
CREATE FUNCTION refuse_report_update() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a stored report is never updated' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER report_is_kept BEFORE UPDATE ON analysis_report
FOR EACH ROW EXECUTE FUNCTION refuse_report_update();
"""


def create_trigger(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL)


def drop_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER report_is_kept")
    else:
        schema_editor.execute("DROP TRIGGER report_is_kept ON analysis_report; DROP FUNCTION refuse_report_update()")


class Migration(migrations.Migration):
    dependencies = [("analysis", "0001_stored_reports")]
    operations = [migrations.RunPython(create_trigger, drop_trigger)]
