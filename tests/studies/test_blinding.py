"""Nothing that an evaluator gets tells conditions apart: every page, script, header, address and byte of video."""

import json
import re

import pytest

from studies.models import Rendition, Session, Stimulus
from tests.playable import drawn_corpus, let_videos_end, make_playable_study, with_conditions
from tests.test_flow import Evaluator

pytestmark = pytest.mark.django_db
PLANTED = {
    "social": "qx-treatment", "random": "qx-control", "rude": "qx-other", "learning2listen": "qx-fourth",
    "ground_truth": "qx-truth",
}  # fmt: skip
PAIRS = [("qx-treatment", "qx-control"), ("qx-treatment", "qx-other")]


@pytest.fixture
def study(tmp_path):
    stimuli = with_conditions(drawn_corpus(10, 1.0).stimuli, PLANTED, tmp_path / "planted.csv")
    return make_playable_study(speakers=10, contrasts=PAIRS, stimuli=stimuli)


def secrets_of(study) -> set[str]:
    """Every word that an evaluator must not come across."""
    words = set(PLANTED.values()) | {"qx-"}
    for stimulus in Stimulus.objects.filter(study=study).select_related("clip__person", "item__speaker"):
        words |= {stimulus.clip.key, stimulus.clip.sha256, stimulus.clip.file, stimulus.clip.person.key}
        words |= {stimulus.item.speaker.key, stimulus.item.speaker.sha256}
    for rendition in Rendition.objects.filter(item__study=study):
        words |= {rendition.file, rendition.sha256, rendition.recipe}
    return words


class Listener:
    """A test client that keeps every byte and header it was sent."""

    def __init__(self, client):
        self.client = client
        self.heard: list[tuple[str, str]] = []

    def _keep(self, address, response):
        body = b"".join(response.streaming_content) if response.streaming else response.content
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        cookies = response.cookies.output()
        self.heard.append((address, f"{response.status_code}\n{headers}\n{cookies}\n{body.decode('latin-1')}"))
        return response

    def get(self, address, **kwargs):
        return self._keep(address, self.client.get(address, **kwargs))

    def post(self, address, *args, **kwargs):
        return self._keep(address, self.client.post(address, *args, **kwargs))

    def everything(self) -> str:
        return "\n".join(address + "\n" + said for address, said in self.heard)


def leaks(text: str, words: set[str]) -> set[str]:
    return {word for word in words if word.lower() in text.lower()}


def run_through(study, listener) -> Evaluator:
    """One whole session, every video of it fetched, every script and style loaded."""
    evaluator = Evaluator(listener, f"/study/{study.key}/")
    trial = evaluator.consent_and_begin()
    page = evaluator.page()
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        listener.get(address)
    while trial:
        listener.get(evaluator.address + "ahead")
        for part in ("speaker", "left", "right"):
            listener.get(trial["media"][part])
            listener.get(trial["media"][part], headers={"Range": "bytes=0-99"})
        let_videos_end(evaluator.token)
        trial = evaluator.vote(trial, "left")["next"]
    return evaluator


def test_a_whole_session_gives_nothing_away(study, client):
    listener = Listener(client)
    evaluator = run_through(study, listener)
    session = Session.objects.get(token=evaluator.token)
    assert {"main", "practice", "catch"} == set(session.assignments.values_list("kind", flat=True))
    assert sum("video/mp4" in said for _, said in listener.heard) == 2 * 3 * session.assignments.count()
    said = listener.everything()
    assert leaks(said, secrets_of(study)) == set()
    assert "set-cookie" not in said.lower()
    ours = "\n".join(text for address, text in listener.heard if not address.startswith("/static/"))
    assert not re.search(r"^(etag|last-modified|content-disposition):", ours.lower(), re.MULTILINE)
    before_the_end = "\n".join(text for _, text in listener.heard)
    assert session.completion_code not in before_the_end
    assert session.completion_code in evaluator.page()


def test_trials_of_every_kind_look_alike_on_the_wire(study, client):
    listener = Listener(client)
    run_through(study, listener)
    trials = [json.loads(said.split("\n")[-1])["next"] for address, said in listener.heard if address.endswith("vote")]
    shapes = {tuple((key, type(value).__name__) for key, value in trial.items()) for trial in trials if trial}
    assert len(shapes) == 1
    lengths = {}
    for address, said in listener.heard:
        if address.startswith("/m/") and said.startswith("200"):
            lengths[address] = int(re.search(r"Content-Length: (\d+)", said).group(1))
    assert len({len(address) for address in lengths}) == 1
    for trial in filter(None, trials):
        assert lengths[trial["media"]["left"]] == lengths[trial["media"]["right"]]


def test_two_evaluators_cannot_join_their_addresses(study, client):
    heard = []
    for _ in range(2):
        listener = Listener(client)
        evaluator = run_through(study, listener)
        session = Session.objects.get(token=evaluator.token)
        heard.append({address for address, _ in listener.heard if address.startswith("/m/")})
        heard[-1] |= {str(key) for key in session.assignments.values_list("key", flat=True)}
    assert not heard[0] & heard[1]


def test_a_planted_leak_is_found(study, client):
    study.introduction = "Compare qx-control with the rest."
    study.save()
    listener = Listener(client)
    listener.get(f"/study/{study.key}/")
    assert leaks(listener.everything(), secrets_of(study)) == {"qx-control", "qx-"}
