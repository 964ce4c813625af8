from studies.playing import MEASURES, playing


def told(**more) -> dict:
    per_part = {"speaker": 30, "left": 34, "right": 34}
    played = {
        "drift": {"frames": 450, "p50_ms": 0, "p95_ms": 13, "max_ms": 27}, "start_ms": per_part, "frames": per_part,
        "dropped": {"speaker": 0, "left": 2, "right": 1}, "stalls": 1, "stalled_ms": 700, "sound_off_ms": -12,
    }  # fmt: skip
    return {"watched": {}, "plays": {}, "playback": played | more}


def test_one_load_of_the_page_is_taken_as_it_is():
    assert playing({"p": told()}) == {
        "drift_p95_ms": 13, "drift_max_ms": 27, "stalls": 1, "stalled_ms": 700,
        "speaker_dropped": 0, "left_dropped": 2, "right_dropped": 1,
        "speaker_start_ms": 30, "left_start_ms": 34, "right_start_ms": 34, "sound_off_ms": -12,
    }  # fmt: skip


def test_of_several_loads_the_worst_counts_and_what_was_lost_adds_up():
    better = {"drift": {"frames": 9, "p50_ms": 0, "p95_ms": 7, "max_ms": 40}, "sound_off_ms": 5, "stalls": 2}
    both = playing({"p": told(), "q": told(**better)})
    assert (both["drift_p95_ms"], both["drift_max_ms"], both["stalls"], both["left_dropped"]) == (13, 40, 3, 4)
    assert both["sound_off_ms"] == -12


def test_what_nobody_told_is_not_known():
    nothing = dict.fromkeys(MEASURES)
    assert playing({}) == nothing
    assert playing({"rehearsal": {"watched": {}, "plays": {}}}) == nothing
    none = dict.fromkeys(("speaker", "left", "right"))
    known = playing({"p": told(drift=None, start_ms=none, dropped=none, sound_off_ms=None)})
    assert {name for name, value in known.items() if value is not None} == {"stalls", "stalled_ms"}
