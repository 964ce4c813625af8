"""How often one session's address is answered: a bot waits, its neighbour does not notice."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from studies.models import Vote
from studies.services.launches import open_study
from tests.factories import make_study

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json", "headers": {"Accept": "application/json"}}


@pytest.fixture(autouse=True)
def four_a_minute(settings):
    settings.REALTALK_REQUESTS_A_MINUTE = 4
    yield
    cache.clear()


@pytest.fixture
def address(client) -> str:
    open_study(make_study(items=1, contrasts=("a:b",)).pk, at=timezone.now())
    return client.post("/study/s/").url


def test_the_fifth_request_of_a_minute_is_told_when_to_come_again(client, address):
    assert [client.get(address).status_code for _ in range(4)] == [200] * 4
    refused = client.get(address, headers={"Accept-Language": "de"})
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert "Zu viele Anfragen" in refused.content.decode()


def test_of_the_trial_page_it_is_a_sentence_and_no_vote(client, address):
    for _ in range(4):
        client.get(address)
    reply = client.post(f"{address}vote", "{}", **JSON)
    assert reply.status_code == 429
    assert "Nothing that you answered is lost" in reply.json()["message"]
    assert not Vote.objects.exists()


def test_another_address_is_not_held_up(client, address):
    for _ in range(5):
        client.get(address)
    other = client.post("/study/s/").url
    assert client.get(other).status_code == 200


def test_an_address_that_nobody_has_is_counted_too(client):
    unknown = f"/s/{'x' * 22}/"
    assert [client.get(unknown).status_code for _ in range(5)] == [404] * 4 + [429]
