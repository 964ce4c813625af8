"""Clip manifests: every problem at once, each with its line and remedy."""

from pathlib import Path

import pytest

from retrieval.manifests import ManifestError, read_clip_manifest

HEADER = "clip_key,file,role,person_key,partner_key,transcript,split,licence"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files; the reader does not look into them."""
    home = tmp_path / "videos"
    home.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (home / name).write_bytes(b"x")
    return home


def write(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "clips.csv"
    path.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return path


def problems_of(path: Path, **known) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_clip_manifest(path, **known)
    return caught.value.problems


def test_a_full_manifest(folder):
    path = write(
        folder,
        's1,a.mp4,speaker,ann,l1,"Hello, you",test,CC0,research,34',
        "",
        f"l1,{folder / 'b.mp4'},listener,bob,,,,,,",
        header=f"{HEADER},permitted_uses,attr_age",
    )
    speaker, listener = read_clip_manifest(path)
    assert (speaker.line, listener.line) == (2, 4)
    assert speaker.path == folder / "a.mp4"
    assert (speaker.partner_key, speaker.transcript, speaker.split) == ("l1", "Hello, you", "test")
    assert (dict(speaker.attributes), speaker.permitted_uses) == ({"age": "34"}, "research")
    assert (listener.path, listener.person_key, dict(listener.attributes)) == (folder / "b.mp4", "bob", {})


def test_the_last_five_of_the_first_eight_may_be_empty(folder):
    (row,) = read_clip_manifest(write(folder, "s1,a.mp4,speaker,,,,,"))
    assert (row.person_key, row.partner_key, row.transcript, row.split, row.licence) == ("", "", "", "", "")


def test_all_problems_of_all_lines_at_once(folder):
    path = write(
        folder,
        "s1,nowhere.mp4,speaker,,,,,",
        "s1,a.mp4,talker,,,,,",
        "bad key,a.mp4,listener,,,,dev,",
        "s2,a.mp4,speaker,,ghost,,,",
        "s3,a.mp4,speaker,,s2,,,",
        "s4,,speaker,,,,,",
        "s5,a.mp4,speaker,,",
    )
    assert problems_of(path) == [
        "line 2: file 'nowhere.mp4' does not exist: check its name and folder",
        "line 3: role is 'talker': it must be speaker or listener",
        "line 3: clip_key 's1' is on line 2 already: rename one",
        (
            "line 4: clip_key 'bad key' cannot be a key: use letters, digits, '.', '_' and '-', at most 100, "
            "beginning with a letter or digit"
        ),
        "line 4: split is 'dev': it must be train, test or empty",
        "line 5: partner_key 'ghost' is no clip of this manifest or corpus: add it or empty the cell",
        "line 6: partner 's2' is not a listener: a speaker's partner is the listener who was there",
        "line 7: file is empty: name the video",
        "line 8: 5 cells, but the header has 8 columns: put a cell that contains a comma between double quotes",
    ]


@pytest.mark.parametrize("name", ["../secret.mp4", "inside/../../secret.mp4", "link/secret.mp4", "direct.mp4"])
def test_a_relative_path_stays_in_the_folder_through_links_too(folder, name):
    (folder / "inside").mkdir()
    (folder.parent / "secret.mp4").write_bytes(b"x")
    (folder / "link").symlink_to(folder.parent)
    (folder / "direct.mp4").symlink_to(folder.parent / "secret.mp4")
    (problem,) = problems_of(write(folder, f"s1,{name},speaker,,,,,"))
    assert problem.startswith(f"line 2: file '{name}' leaves the manifest's folder")


def test_a_manifest_reached_through_a_link_reads_beside_the_real_one(folder, tmp_path):
    write(folder, "s1,a.mp4,speaker,,,,,")
    (tmp_path / "short").symlink_to(folder)
    (row,) = read_clip_manifest(tmp_path / "short" / "clips.csv")
    assert row.path == folder / "a.mp4"


def test_wrong_columns(folder):
    path = write(folder, "s1,a.mp4,speaker,x", header="clip_key,file,rôle,file")
    assert problems_of(path) == [
        (
            f"clips.csv, line 1: missing column role, person_key, partner_key, transcript, split, licence: "
            f"the header must have {HEADER}"
        ),
        (
            "clips.csv, line 1: unknown column 'rôle': rename or remove it (known: clip_key, file, role, person_key, "
            "partner_key, transcript, split, licence, permitted_uses, attr_...)"
        ),
        "clips.csv, line 1: column 'file' appears 2 times: keep one",
    ]


def test_semicolons_and_encodings_have_a_remedy(folder):
    semicolons = write(folder, header=HEADER.replace(",", ";"))
    assert problems_of(semicolons) == [
        "clips.csv, line 1: columns are separated by semicolons: save it with commas (CSV, comma delimited)"
    ]
    utf_16 = write(folder, "s1,a.mp4,speaker,,,,,", encoding="utf-16")
    assert problems_of(utf_16) == ["clips.csv is in UTF-16: save it as 'CSV UTF-8 (comma delimited)'"]
    latin = write(folder, "s1,a.mp4,speaker,,,schön,,", encoding="latin-1")
    assert problems_of(latin) == ["clips.csv, line 2: not UTF-8 text: save it as 'CSV UTF-8 (comma delimited)'"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(folder):
    path = folder / "clips.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\ns1,a.mp4,speaker,,,schön,,\r\n".encode())
    (row,) = read_clip_manifest(path)
    assert (row.clip_key, row.transcript) == ("s1", "schön")


def test_nothing_to_read(folder, tmp_path):
    (folder / "clips.csv").write_text("")
    assert problems_of(folder / "clips.csv") == [f"clips.csv is empty: its first line must be {HEADER}"]
    assert problems_of(write(folder)) == ["clips.csv has a header and no rows: add one row for each entry"]
    assert problems_of(tmp_path / "no.csv")[0].endswith("does not exist: check the manifest's name and folder")
    assert problems_of(tmp_path)[0].endswith("is a folder: name the manifest (a .csv file) in it")


def test_an_open_quote_is_found(folder):
    (problem,) = problems_of(write(folder, 's1,a.mp4,speaker,,,"never closed,,'))
    assert problem.startswith("line 2: cannot be read as CSV")


def test_a_line_after_a_long_transcript_keeps_its_number(folder):
    path = write(folder, 's1,a.mp4,speaker,,,"two\nlines",,', "s1,a.mp4,speaker,,,,,")
    assert problems_of(path) == ["line 4: clip_key 's1' is on line 2 already: rename one"]


def test_a_listener_may_repeat_the_pair_but_not_name_another(folder):
    pair = ("s1,a.mp4,speaker,,l1,,,", "s2,a.mp4,speaker,,,,,")
    assert [row.partner_key for row in read_clip_manifest(write(folder, *pair, "l1,b.mp4,listener,,s1,,,"))] == [
        "l1", "", "",
    ]  # fmt: skip
    assert problems_of(write(folder, *pair, "l1,b.mp4,listener,,s2,,,")) == [
        "line 4: speaker 's2' does not name this listener as its partner: do, or empty the cell"
    ]


def test_a_partner_may_be_in_the_corpus_already(folder):
    path = write(folder, "s1,a.mp4,speaker,,old,,,")
    (row,) = read_clip_manifest(path, known={"old": "listener"})
    assert row.partner_key == "old"
    assert problems_of(path, known={"old": "speaker"}) == [
        "line 2: partner 'old' is not a listener: a speaker's partner is the listener who was there"
    ]


def test_nobody_is_their_own_listener(folder):
    path = write(folder, "s1,a.mp4,speaker,ann,l1,,,", "l1,b.mp4,listener,ann,,,,")
    assert problems_of(path) == ["line 2: partner 'l1' shows 'ann' too: nobody is their own listener"]


def test_a_person_is_described_once(folder):
    header = f"{HEADER},attr_age"
    path = write(
        folder, "s1,a.mp4,speaker,ann,,,,,34", "s2,b.mp4,speaker,ann,,,,,43", "s3,b.mp4,speaker,,,,,,9", header=header
    )
    assert problems_of(path) == [
        "line 3: attr_age of person 'ann' is '43', but '34' on line 2: make them alike",
        "line 4: attr_age without a person_key: say whom it is about",
    ]
