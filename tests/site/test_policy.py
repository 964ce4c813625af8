"""What every page tells the browser it may load, and who may frame it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy_of(response) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_a_page_of_no_kind_gets_the_strict_policy_and_is_framed_by_nobody(client: Client):
    response = client.get("/no-such-page/")
    assert policy_of(response) == STRICT
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/study/none/", "/s/none/"])
def test_an_evaluators_page_may_be_framed_by_platforms_and_sends_no_referrer(client: Client, address: str):
    response = client.get(address)
    assert policy_of(response) == STRICT | {"frame-ancestors": "'self' https://*.mturk.com"}
    assert "X-Frame-Options" not in response.headers
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_platforms_are_a_setting(client: Client, settings):
    settings.REALTALK_FRAME_ANCESTORS = ["https://recruit.example"]
    assert policy_of(client.get("/s/none/"))["frame-ancestors"] == "https://recruit.example"


def test_the_admin_is_looser_only_where_its_theme_must_be(client: Client):
    response = client.get("/admin/login/")
    assert response.status_code == 200
    assert policy_of(response) == STRICT | {
        "script-src": "'self' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
    }
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("address", ["/study/none/", "/s/none/", "/m/none"])
def test_an_evaluators_address_sets_no_cookie_and_no_fingerprint(client: Client, address: str):
    response = client.get(address)
    assert response.cookies == {}
    assert {"ETag", "Last-Modified"} & set(response.headers) == set()
