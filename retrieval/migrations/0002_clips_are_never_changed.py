"""A clip is known by its content: both databases refuse to put other content under its key."""

from django.db import migrations

POSTGRESQL = [
    """
    CREATE FUNCTION refuse_clip_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a clip is never changed' USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    """
    CREATE TRIGGER clip_content_stays BEFORE UPDATE OF sha256, file, length_s, role, key ON retrieval_clip
    FOR EACH ROW WHEN (
        (OLD.sha256, OLD.file, OLD.length_s, OLD.role, OLD.key)
        IS DISTINCT FROM (NEW.sha256, NEW.file, NEW.length_s, NEW.role, NEW.key)
    ) EXECUTE FUNCTION refuse_clip_update()
    """,
]
SQLITE = """
CREATE TRIGGER clip_content_stays BEFORE UPDATE ON retrieval_clip
WHEN OLD.sha256 <> NEW.sha256 OR OLD.file <> NEW.file OR OLD.length_s <> NEW.length_s
    OR OLD.role <> NEW.role OR OLD.key <> NEW.key
BEGIN SELECT RAISE(ABORT, 'a clip is never changed'); END
"""


def create_trigger(apps, schema_editor):
    for statement in [SQLITE] if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def drop_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER clip_content_stays")
    else:
        schema_editor.execute("DROP TRIGGER clip_content_stays ON retrieval_clip")
        schema_editor.execute("DROP FUNCTION refuse_clip_update()")


class Migration(migrations.Migration):
    dependencies = [("retrieval", "0001_corpora_clips_and_jobs")]
    operations = [migrations.RunPython(create_trigger, drop_trigger)]
