"""Nothing that an evaluator gets tells conditions apart, and what would is found: the audit, on planted leaks."""

import io
import re
import struct
from pathlib import Path
from random import Random

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from studies.auditing import Answer, PlayedTrial, Secret, addresses_joined, headers_told, lengths_told, names_told
from studies.containers import NoContainer, container_of, differences
from studies.guessing import SidedSlot, Timed, chance_of_purity, checks_told, order_told, times_told
from studies.media import unsign
from studies.models import Assignment, Evaluator, Plan, Rendition, Session, Slot, Study, Vote
from studies.services.audits import audit_study
from studies.services.entering import keep_entry_questions
from studies.services.launches import CannotLaunch, close_study, pause_study
from studies.services.preparing import prepare_study
from studies.services.translating import translate_study
from studies.texts import original_texts
from tests.entered import COMPREHENSION, SCREENER, groups
from tests.media.studies import CONDITIONS, make_filmed_study
from tests.playable import drawn_corpus, make_playable_study, with_conditions

pytestmark = pytest.mark.django_db
PLANTED = {
    "social": "qx-treatment", "random": "qx-control", "rude": "qx-other", "learning2listen": "qx-fourth",
    "ground_truth": "qx-truth",
}  # fmt: skip
PAIRS = [("qx-treatment", "qx-control"), ("qx-treatment", "qx-other")]
ROWS = (Assignment, Evaluator, Session, Slot, Vote)


@pytest.fixture
def study(tmp_path):
    stimuli = with_conditions(drawn_corpus(10, 1.0).stimuli, PLANTED, tmp_path / "planted.csv")
    return make_playable_study(speakers=10, contrasts=PAIRS, stimuli=stimuli)


def two_listener_files(study: Study, folder: Path) -> dict[str, Path]:
    """The files of two listeners of different main items, by the items' names in findings."""
    made = Rendition.objects.filter(item__study=study, has_audio=False, item__kind="main")
    rows = made.select_related("item__speaker").order_by("item__position")
    by_item = {f"item '{row.item.speaker.key}'": folder / row.file for row in rows}
    return dict(list(by_item.items())[:2])


def padding_at(content: bytes) -> int:
    """Where the last box of a rendition, its padding, begins."""
    at = 0
    while at + (length := int.from_bytes(content[at : at + 4], "big")) < len(content):
        at += length
    return at


@pytest.mark.data_layer
def test_a_whole_session_gives_nothing_away_and_leaves_nothing(study, settings):
    settings.REALTALK_REQUESTS_A_MINUTE = 20  # a session asks more often than that
    # Entry questions are answered, with a group that is full after one; a debriefing may name what was compared.
    keep_entry_questions(study, (SCREENER, *groups(left=1, right=1), COMPREHENSION))
    Study.objects.update(least_age=18, debriefing=f"We compared {PLANTED['social']} and another.")
    before = [list(model.objects.order_by("pk").values()) for model in ROWS]
    out = io.StringIO()
    call_command("audit_blinding", study.key, stdout=out)
    said = out.getvalue()
    assert said.endswith("No leak found.\n")
    assert "(catch, main, practice)" in said
    assert "end was not heard" not in said
    assert [line.split()[0] for line in said.splitlines()[:10]] == [
        "name", "length", "header", "container", "timing", "timing", "timing", "timing", "order", "order"
    ]  # fmt: skip
    assert [list(model.objects.order_by("pk").values()) for model in ROWS] == before


def test_planted_names_lengths_tags_and_orders_are_found_in_a_paused_and_full_study(
    study, media_folder, monkeypatch
):
    # Checks stand at the same places in every session: their seed forgets it.
    monkeypatch.setattr("studies.services.deals.Random", lambda seed: Random(1))
    pause_study(study.pk, at=timezone.now())
    Study.objects.filter(pk=study.pk).update(introduction="Compare qx-control with the rest.")
    Slot.objects.filter(treatment_side="right").update(treatment_side="left", number=F("number") + 100)
    Slot.objects.update(closed_at=timezone.now(), closed_reason="enough")
    (longer_item, longer), (tagged_item, tagged) = two_listener_files(study, media_folder).items()
    content = longer.read_bytes()
    at = padding_at(content)
    longer.write_bytes(content[:at] + struct.pack(">I", len(content) - at + 1) + content[at + 4 :] + b"x")
    content = tagged.read_bytes()
    at = padding_at(content)
    tagged.write_bytes(content[: at + 4] + b"uuid" + content[at + 8 :])
    out = io.StringIO()
    with pytest.raises(CommandError, match="leaks found in 'play'"):
        call_command("audit_blinding", study.key, stdout=out)
    leaks = re.findall(r"^LEAK +(\w+): (comparison group \S+|[^:]+): ", out.getvalue(), re.MULTILINE)
    assert {where for kind, where in leaks if kind == "name"} == {"the study's page"}
    assert {where for kind, where in leaks if kind == "length" and "item" in where} == {longer_item}
    assert {where for kind, where in leaks if kind == "container"} == {tagged_item}
    disordered = {where for kind, where in leaks if kind == "order"}
    assert f"comparison group {':'.join(PAIRS[0])}" in disordered
    assert len([where for where in disordered if "after practice" in where]) == 1
    assert Study.objects.get().state == "paused"


def telling_headers(get_response):
    """A middleware that leaks: what a cache would say of the file, and a fingerprint."""

    def middleware(request):
        response = get_response(request)
        if request.path.startswith("/m/"):
            _, part, _ = unsign(request.path.removeprefix("/m/"), at=timezone.now())
            response["X-Served"] = "cold" if part == "right" else "warm"
            response["ETag"] = '"1"'
        return response

    return middleware


def test_planted_headers_are_found_in_a_draft(tmp_path, settings):
    draft = make_filmed_study(tmp_path)
    with pytest.raises(CannotLaunch, match="prepare the study first"):
        audit_study(draft.pk, at=timezone.now())
    prepare_study(draft.pk, at=timezone.now())
    naming = dict.fromkeys(original_texts(draft), f"Ist {CONDITIONS[0]} besser?")
    translate_study(draft.pk, "de", naming, at=timezone.now())
    named = audit_study(draft.pk, at=timezone.now()).findings
    assert [(leak.kind, leak.where) for leak in named] == [("name", "the texts in 'de'")]
    translate_study(draft.pk, "de", dict.fromkeys(naming, "Wer ist besser?"), at=timezone.now())
    assert audit_study(draft.pk, at=timezone.now()).findings == ()
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.telling_headers"]
    audit = audit_study(draft.pk, at=timezone.now())
    told = {leak.what.split(":")[0].split(" in ")[-1] for leak in audit.findings}
    assert {leak.kind for leak in audit.findings} == {"header"}
    assert told == {"sends ETag", "x-served"}
    assert (Study.objects.get().state, Slot.objects.count(), Plan.objects.filter(sha256="").count()) == ("draft", 0, 1)


def test_what_cannot_be_audited_is_a_sentence_and_leaves_nothing(study, media_folder):
    with pytest.raises(CommandError, match="There is no study 'none'"):
        call_command("audit_blinding", "none")
    for made in Rendition.objects.filter(has_audio=True):
        (media_folder / made.file).unlink()
    with pytest.raises(CommandError, match=r"the video speaker in trial 1 \(practice\) of evaluator 1 answers 404"):
        call_command("audit_blinding", study.key)
    assert Session.objects.count() == 0
    close_study(study.pk, at=timezone.now())
    with pytest.raises(CommandError, match="is closed"):
        call_command("audit_blinding", study.key)


def answer(body: bytes, *, route: str = "trial", address: str = "/s/x/", where: str = "here", **headers: str) -> Answer:
    return Answer(where, route, address, 200, tuple((n.replace("_", "-"), v) for n, v in headers.items()), body)


@pytest.mark.parametrize(
    ("heard", "is_leak"),
    [
        (answer(b"It was RUDE."), True),
        (answer(b"crude words"), False),
        (answer(b'{"is_rude": 1}'), True),
        (answer(b"", address="/m/rude/1"), True),
        (answer(b"", X_Served="rude"), True),
        (answer(b"export const rude = 1", route="static"), False),
        (answer(b"say('rude')", route="static"), True),
        (answer(b"\x01Rude\x02" * 3, route="video", Content_Type="video/mp4"), True),
        (answer(b"\0\0\0\x10mdat\x01rude\x02\x03\x04", route="video", Content_Type="video/mp4"), False),
        (answer(b"\0\0\0\x1cmdat\x01the-long-name\x02padding", route="video", Content_Type="video/mp4"), True),
    ],
)
def test_a_plain_word_counts_alone_and_any_other_everywhere(heard, is_leak):
    leaks = names_told([heard], [Secret("the-long-name", "a condition"), Secret("rude", "a condition")])
    assert bool(leaks) == is_leak
    assert {leak.kind for leak in leaks} <= {"name"}


def test_the_completion_code_is_a_leak_except_where_it_belongs():
    code = Secret("ABCD2345", "the completion code")
    early = answer(b"code abcd2345")
    assert len(names_told([early], [code])) == 1
    assert names_told([Answer(**vars(early) | {"own": frozenset(["ABCD2345"])})], [code]) == []


def made_up_trials(told=lambda n, kind, side: {}) -> list[PlayedTrial]:
    """40 main trials, every third with the treatment left, and 6 checks."""
    trials = []
    for n in range(46):
        kind, side = ("main", "left" if n % 3 else "right") if n < 40 else ("catch", "")
        media = {"left": "/m/aaaa", "right": "/m/bbbb"}
        trials.append(PlayedTrial(f"trial {n}", kind, side, {"number": n, "media": media} | told(n, kind, side)))
    return trials


@pytest.mark.parametrize(
    ("told", "leaks"),
    [
        (lambda n, kind, side: {"length_s": 5.0 + n % 4}, set()),
        (lambda n, kind, side: {"kind": kind}, {"name", "length"}),
        (lambda n, kind, side: {"answer": "left"} if kind == "catch" else {}, {"length"}),
        (lambda n, kind, side: {"length_s": n + (0.5 if side == "left" else 0.25)}, {"length"}),
        (lambda n, kind, side: {"media": {"left": "/m/a" + "a" * (n % 2), "right": "/m/b"}}, {"length"}),
        (lambda n, kind, side: {"a": 1, "b": 2} if n % 2 else {"b": 2, "a": 1}, {"length"}),
    ],
)
def test_trials_of_every_kind_look_alike_on_the_wire(told, leaks):
    assert {leak.kind for leak in lengths_told(made_up_trials(told), {})} == leaks


def test_two_evaluators_cannot_join_their_addresses():
    one, other = (PlayedTrial("t", "main", "left", {"assignment": n, "media": {"left": f"/m/{n}"}}) for n in "ab")
    assert addresses_joined([[one, one], [other]]) == []
    assert len(addresses_joined([[one], [other, one]])) == 1


def test_headers_of_the_clock_may_differ_and_nothing_else_between_left_and_right():
    def leaks(left: dict[str, str], right: dict[str, str]) -> int:
        videos = {"left": answer(b"", **left), "right": answer(b"", **right)}
        return len(headers_told([], [PlayedTrial("trial 1", "main", "left", {}, videos)]))

    assert leaks({"Cache_Control": "private, max-age=7200"}, {"Cache_Control": "private, max-age=7199"}) == 0
    assert leaks({"Cache_Control": "private, max-age=7200"}, {"Cache_Control": "private, max-age=3600"}) == 1
    assert leaks({"Content_Length": "100"}, {"Content_Length": "101"}) == 1
    assert leaks({"A": "1", "B": "1"}, {"B": "1", "A": "1"}) == 1
    assert leaks({"A": "1"}, {"A": "1"}) == 0


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def test_a_container_tells_by_boxes_settings_or_tags():
    plain = container_of(box(b"ftyp", b"isom") + box(b"mdat", b"pictures"))
    coded = container_of(box(b"ftyp", b"mp42") + box(b"mdat", b"other"))
    tagged = container_of(box(b"moov", box(b"udta", box(b"name", b"x"))) + box(b"mdat", b"Lavc61.3.100 libx264"))
    assert differences([("a", plain), ("b", plain)]) == []
    assert differences([("a", plain), ("b", coded)]) == ["b differs from a in length, rate, size or coding: ftyp"]
    assert differences([("a", tagged)]) == ["a holds metadata: name, Lavc61.3.100 libx264"]
    with pytest.raises(NoContainer):
        container_of(box(b"mdat") + b"x")


def test_numbers_that_checks_have_in_nearly_all_sessions_are_told():
    own = [[n == at for n in range(9)] for at in range(9)]
    assert checks_told(own) == ([], 1 / 9)
    assert checks_told([]) == ([], 0.0)
    same = [[n in (4, at) for n in range(9 + at % 2)] for at in range(9)]
    findings, most = checks_told(same)
    assert ([leak.where for leak in findings], most) == (["trial 5 after practice"], 1.0)


def test_numbers_that_two_evaluators_have_for_checks_alike_are_found():
    def trials(checks: set[int]) -> list[PlayedTrial]:
        return [
            PlayedTrial(f"trial {n}", "catch" if n in checks else "main", "", {"number": n, "media": {}})
            for n in range(1, 21)
        ]

    same = trials({3, 7, 11, 15}) * 2
    assert [leak.what for leak in lengths_told(same, {})] == ["'number' tells checks from other trials"]
    assert lengths_told(trials({3, 7, 11, 15}) + trials({3, 7, 11, 16}), {}) == []


def timed(shift_ms: float, *, seed: int = 1) -> list[Timed]:
    rng = np.random.Generator(np.random.PCG64(seed))
    wholes = rng.normal(10, 0.5, size=(4, 12, 2))
    return [
        Timed("a:b", trial, bool(side), 2.0, wholes[trial, n, side] + trial + shift_ms * side)
        for trial in range(4)
        for n in range(12)
        for side in (0, 1)
    ]


@pytest.mark.parametrize(("shift_ms", "is_leak"), [(0.0, False), (0.8, False), (2.5, True), (-2.5, True)])
def test_times_are_a_leak_when_they_differ_surely_and_by_more_than_a_millisecond(shift_ms, is_leak):
    first, whole = times_told(timed(shift_ms), seed=0)
    assert (first.is_leak, first.p) == (False, 1.0)
    assert whole.is_leak == is_leak
    assert times_told(timed(shift_ms), seed=0)[1] == whole


def test_a_handful_of_slow_fetches_is_no_leak():
    assert not any(told.is_leak for told in times_told(timed(5.0)[:8], seed=0))
    assert times_told([], seed=0) == []


def test_sides_that_alternate_within_lists_are_found_and_shuffled_ones_are_not():
    rng = np.random.Generator(np.random.PCG64(2))
    alternating = [SidedSlot("a:b", n, at, at % 2 == 0) for n in range(6) for at in range(10)]
    findings, p = order_told(alternating, seed=0, within_lists=True)
    assert [leak.where for leak in findings] == ["the slots"]
    sides = [rng.permutation([True, False] * 5) for _ in range(6)]
    shuffled = [SidedSlot("a:b", n, at, bool(sides[n][at])) for n in range(6) for at in range(10)]
    findings, p = order_told(shuffled, seed=0, within_lists=True)
    assert findings == []
    assert p > 0.001
    assert order_told([], seed=0, within_lists=True) == ([], 1.0)


def test_the_chance_of_purity_counts_dealings():
    assert chance_of_purity("aabb", ["x", "x", "y", "y"]) == 2 / 6
    assert chance_of_purity("abcd", ["x", "x", "y", "y"]) == 1.0
    assert chance_of_purity("aabb", ["x", "y", "x", "y"]) == 1.0
    assert chance_of_purity("aa", ["x", "x"]) == 1.0
