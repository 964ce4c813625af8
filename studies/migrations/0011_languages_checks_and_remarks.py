"""Texts in several languages, a check of sound and screen, and what evaluators add to their answers.

A remark is a fact as its vote is: both databases refuse to change one.
"""

from django.db import migrations, models

SQLITE = [
    """
    CREATE TRIGGER remark_is_a_fact BEFORE UPDATE ON studies_remark
    BEGIN SELECT RAISE(ABORT, 'a remark is never updated'); END
    """,
    # INSERT OR REPLACE would delete and insert, past the trigger on UPDATE.
    """
    CREATE TRIGGER remark_is_not_replaced BEFORE INSERT ON studies_remark
    WHEN EXISTS (SELECT 1 FROM studies_remark WHERE id = NEW.id OR assignment_id = NEW.assignment_id)
    BEGIN SELECT RAISE(ABORT, 'a remark is never updated'); END
    """,
]
POSTGRESQL = [
    """
    CREATE FUNCTION refuse_remark_update() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a remark is never updated' USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    """
    CREATE TRIGGER remark_is_a_fact BEFORE UPDATE ON studies_remark
    FOR EACH ROW EXECUTE FUNCTION refuse_remark_update()
    """,
]
DROP_SQLITE = ["DROP TRIGGER remark_is_a_fact", "DROP TRIGGER remark_is_not_replaced"]
DROP_POSTGRESQL = ["DROP TRIGGER remark_is_a_fact ON studies_remark", "DROP FUNCTION refuse_remark_update()"]


def create_triggers(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def drop_triggers(apps, schema_editor):
    for statement in DROP_SQLITE if schema_editor.connection.vendor == "sqlite" else DROP_POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0010_captions'),
    ]

    operations = [
        migrations.AddField(
            model_name='question',
            name='reasons',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='session',
            name='checked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='device_checks',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='session',
            name='language',
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name='study',
            name='asks_comment',
            field=models.BooleanField(default=False, help_text='Offer a line of free text after each choice.'),
        ),
        migrations.AddField(
            model_name='study',
            name='asks_when',
            field=models.BooleanField(default=False, help_text='Offer a press, while the videos play, at the moment that decides.'),
        ),
        migrations.AddField(
            model_name='study',
            name='checks_devices',
            field=models.BooleanField(default=True, help_text='Have evaluators check their sound and screen before the first trial.'),
        ),
        migrations.AddField(
            model_name='study',
            name='language',
            field=models.CharField(default='en', help_text="The language in which the study's texts are written.", max_length=10),
        ),
        migrations.CreateModel(
            name='Remark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reasons', models.JSONField(blank=True, default=dict)),
                ('comment', models.TextField(blank=True)),
                ('decided_s', models.FloatField(blank=True, null=True)),
                ('assignment', models.OneToOneField(on_delete=models.CASCADE, related_name='remark', to='studies.assignment')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('decided_s__isnull', True), ('decided_s__gte', 0), _connector='OR'), name='remark_decided_within_the_clip')],
            },
        ),
        migrations.CreateModel(
            name='StudyText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10)),
                ('field', models.CharField(max_length=210)),
                ('text', models.TextField()),
                ('study', models.ForeignKey(on_delete=models.CASCADE, related_name='texts', to='studies.study')),
            ],
            options={
                'ordering': ['study', 'language', 'field'],
                'constraints': [models.UniqueConstraint(fields=('study', 'language', 'field'), name='study_text_unique'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='study_text_says_something')],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
