"""Blind media: addresses that tell nothing and expire, answers to byte ranges, and headers that give nothing away."""

import uuid
from datetime import timedelta
from hashlib import shake_256

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from retrieval.models import Person
from studies.media import ExpiredAddress, ForgedAddress, media_address, sign, unsign
from studies.models import Assignment, Rendition
from studies.services.launches import open_study
from studies.services.sessions import begin_trials, start_session
from tests.factories import START, make_study

PARTS = ("speaker", "left", "right")
KEY = uuid.UUID(int=7)


@pytest.fixture
def trial(db, media_folder) -> Assignment:
    """The first trial of a session; its three videos are made-up bytes, the listeners' of one length."""
    study = make_study(items=2)
    for rendition in Rendition.objects.select_related("clip"):
        file = media_folder / rendition.file
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(shake_256(rendition.clip.key.encode()).digest(200_000 if rendition.has_audio else 100_000))
    open_study(study.pk, at=START)
    session = start_session(study.pk, at=START)
    return begin_trials(session.pk, at=START).assignment


def address(trial: Assignment, part: str) -> str:
    return media_address(trial.key, part, at=timezone.now())


def content_of(trial: Assignment, part: str, media_folder) -> bytes:
    if part == "speaker":
        rendition = Rendition.objects.get(item=trial.item, clip=trial.item.speaker)
    else:
        rendition = getattr(trial, part).rendition
    return (media_folder / rendition.file).read_bytes()


def get(path: str, **headers):
    return Client().get(path, headers=headers)


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("part", PARTS)
def test_the_whole_video(trial, part, media_folder):
    response = get(address(trial, part))
    content = content_of(trial, part, media_folder)
    assert response.status_code == 200
    assert body(response) == content
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(content))
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"].startswith("private, max-age=")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-", 0, -1), ("bytes=10-19", 10, 19), ("bytes=-5", -5, -1), ("bytes=7-999999", 7, -1)],
)
def test_a_part(trial, media_folder, asked, first, last):
    content = content_of(trial, "left", media_folder)
    size = len(content)
    first, last = first % size, last % size
    response = get(address(trial, "left"), range=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == content[first : last + 1]


@pytest.mark.parametrize("headers", [{"range": "bytes=0-1,5-6"}, {"range": "lines=1-2"}, {"range": "bytes=9-3"}])
def test_a_range_that_must_be_ignored(trial, media_folder, headers):
    response = get(address(trial, "left"), **headers)
    assert response.status_code == 200
    assert body(response) == content_of(trial, "left", media_folder)


@pytest.mark.parametrize("validator", ['"some-etag"', "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_if_range_never_holds(trial, media_folder, validator):
    response = get(address(trial, "left"), range="bytes=0-9", if_range=validator)
    assert response.status_code == 200
    assert body(response) == content_of(trial, "left", media_folder)


def test_a_range_beyond_the_end(trial, media_folder):
    response = get(address(trial, "left"), range="bytes=99999999-")
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(content_of(trial, 'left', media_folder))}"


def test_head_has_the_headers_of_the_whole(trial, media_folder):
    response = Client().head(address(trial, "left"), headers={"range": "bytes=0-9"})
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(content_of(trial, "left", media_folder)))
    assert response.content == b""


def test_nothing_but_reading(trial):
    assert Client().post(address(trial, "left")).status_code == 405


def test_left_and_right_differ_in_nothing_on_the_wire(trial):
    for headers in ({}, {"range": "bytes=0-99"}, {"range": "bytes=-7"}, {"range": "bytes=99999999-"}):
        left, right = (get(address(trial, side), **headers) for side in ("left", "right"))
        assert left.status_code == right.status_code
        assert dict(left.headers) == dict(right.headers)
        body(left), body(right)
    assert len(address(trial, "left")) == len(address(trial, "right")) == len(address(trial, "speaker"))


def test_no_header_or_address_tells_what_is_shown(trial):
    clips = [trial.item.speaker, trial.left.clip, trial.right.clip]
    names = [*(clip.key for clip in clips), *(clip.sha256 for clip in clips), *(clip.file for clip in clips)]
    names += [trial.left.condition, trial.right.condition, "social", "random", "rude", "rendition", ".mp4"]
    for part in PARTS:
        path = address(trial, part)
        response = get(path)
        body(response)
        assert not {"ETag", "Last-Modified", "Content-Disposition", "Set-Cookie"} & set(response.headers)
        said = path + str(dict(response.headers))
        assert [name for name in names if name in said] == []


def test_forged_addresses(trial, client):
    signed = address(trial, "left").removeprefix("/m/")
    swapped = ("B" if signed[0] == "A" else "A") + signed[1:]
    for forged in (swapped, signed[:-1], signed + "A", signed + "=", "x", "%00", str(trial.key)):
        response = client.get(f"/m/{forged}")
        assert response.status_code == 403
        assert response.content == b"This address is not one of ours. Reload the page for a new one."


def test_an_expired_address(trial, client, settings):
    long_ago = timezone.now() - timedelta(minutes=2 * settings.REALTALK_MEDIA_MINUTES)
    response = client.get(media_address(trial.key, "left", at=long_ago))
    assert response.status_code == 410
    assert response.content == b"This address has expired. Reload the page for a new one."


def test_an_unknown_trial_and_someone_taken_down(trial, client):
    assert client.get(media_address(KEY, "left", at=timezone.now())).status_code == 410
    Person.objects.update(taken_down_at=START)
    assert client.get(address(trial, "speaker")).status_code == 410


def test_a_file_that_is_not_there(trial, client, media_folder):
    (media_folder / trial.left.rendition.file).unlink()
    response = client.get(address(trial, "left"))
    assert response.status_code == 404
    assert response.content == b"This video cannot be found. Reload the page to go on."


def test_behind_nginx_only_the_place_is_said(trial, client, settings):
    settings.REALTALK_ACCEL_PREFIX = "/protected/"
    response = client.get(address(trial, "left"), headers={"range": "bytes=0-9"})
    assert response.status_code == 200
    assert response["X-Accel-Redirect"] == f"/protected/{trial.left.rendition.file}"
    assert (response["Content-Type"], response.content) == ("video/mp4", b"")


@given(seconds=st.integers(0, 10**9), part=st.sampled_from(PARTS), number=st.integers(0, 2**128 - 1))
def test_an_address_works_for_one_to_two_periods(seconds, part, number):
    period = timedelta(minutes=settings.REALTALK_MEDIA_MINUTES)
    key, at = uuid.UUID(int=number), START + timedelta(seconds=seconds)
    signed = sign(key, part, at=at)
    assert unsign(signed, at=at + period)[:2] == (key, part)
    with pytest.raises(ExpiredAddress):
        unsign(signed, at=at + 2 * period)
    assert len(signed) == len(sign(KEY, "left", at=START))


@given(text=st.text(max_size=80))
def test_no_text_is_an_address(text):
    with pytest.raises(ForgedAddress):
        unsign(text, at=START)


def test_addresses_made_before_the_secret_changed_still_work(settings):
    signed = sign(KEY, "left", at=START)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert unsign(signed, at=START)[:2] == (KEY, "left")
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ForgedAddress):
        unsign(signed, at=START)


def test_an_address_stays_the_same_within_its_period(settings):
    settings.REALTALK_MEDIA_MINUTES = 120
    begin = START.replace(hour=8)
    assert sign(KEY, "left", at=begin) == sign(KEY, "left", at=begin + timedelta(minutes=119))
    assert sign(KEY, "left", at=begin) != sign(KEY, "left", at=begin + timedelta(minutes=120))
