"""A vote is a fact and a frozen plan stays frozen: both databases refuse to change one, whoever asks."""

from django.db import migrations

SQLITE = [
    """
    CREATE TRIGGER vote_is_a_fact BEFORE UPDATE ON studies_vote
    BEGIN SELECT RAISE(ABORT, 'a vote is never updated'); END
    """,
    # INSERT OR REPLACE would delete and insert, past the trigger on UPDATE.
    """
    CREATE TRIGGER vote_is_not_replaced BEFORE INSERT ON studies_vote
    WHEN EXISTS (
        SELECT 1 FROM studies_vote
        WHERE id = NEW.id OR (assignment_id = NEW.assignment_id AND question_id = NEW.question_id)
    )
    BEGIN SELECT RAISE(ABORT, 'a vote is never updated'); END
    """,
    """
    CREATE TRIGGER plan_stays_frozen BEFORE UPDATE ON studies_plan WHEN OLD.frozen_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a frozen plan is never updated'); END
    """,
]
POSTGRESQL = [
    """
    CREATE FUNCTION refuse_vote_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a vote is never updated' USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    """
    CREATE TRIGGER vote_is_a_fact BEFORE UPDATE ON studies_vote
    FOR EACH ROW EXECUTE FUNCTION refuse_vote_update()
    """,
    """
    CREATE FUNCTION refuse_plan_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a frozen plan is never updated' USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    """
    CREATE TRIGGER plan_stays_frozen BEFORE UPDATE ON studies_plan
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION refuse_plan_update()
    """,
]
DROP_SQLITE = [f"DROP TRIGGER {name}" for name in ("vote_is_a_fact", "vote_is_not_replaced", "plan_stays_frozen")]
DROP_POSTGRESQL = [
    "DROP TRIGGER vote_is_a_fact ON studies_vote",
    "DROP FUNCTION refuse_vote_update()",
    "DROP TRIGGER plan_stays_frozen ON studies_plan",
    "DROP FUNCTION refuse_plan_update()",
]


def create_triggers(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def drop_triggers(apps, schema_editor):
    for statement in DROP_SQLITE if schema_editor.connection.vendor == "sqlite" else DROP_POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_studies_slots_and_votes")]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]
