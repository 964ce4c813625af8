"""A vote is a fact: both databases refuse to change one, whoever asks."""

from django.db import migrations

SQLITE = """
CREATE TRIGGER vote_is_a_fact BEFORE UPDATE ON studies_vote
BEGIN SELECT RAISE(ABORT, 'a vote is never updated'); END
"""

POSTGRESQL = """
CREATE FUNCTION refuse_vote_update() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a vote is never updated' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER vote_is_a_fact BEFORE UPDATE ON studies_vote
FOR EACH ROW EXECUTE FUNCTION refuse_vote_update();
"""


def create_trigger(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL)


def drop_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER vote_is_a_fact")
    else:
        schema_editor.execute("DROP TRIGGER vote_is_a_fact ON studies_vote; DROP FUNCTION refuse_vote_update()")


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_studies_slots_and_votes")]
    operations = [migrations.RunPython(create_trigger, drop_trigger)]
