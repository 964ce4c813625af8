"""Which clips take part: the speakers to rank for, the listeners to choose from, and what was said."""

from retrieval.models import AnnotationKind, Clip, Corpus, Role, Split
from retrieval.permissions import STUDIES, permits


def bank_of(corpus: Corpus, *, bank: str = "all", use: str = STUDIES) -> list[Clip]:
    """The listeners that may be retrieved, in key order.

    bank  "all", or one split: "test" or "train"
    use   what the corpus and each person in it must permit; nobody who was taken down is in it, whatever they permitted
    """
    listeners = _usable(corpus, Role.LISTENER, use)
    return listeners if bank == "all" else [clip for clip in listeners if clip.split == bank]


def speakers_of(corpus: Corpus, *, split: str | None = None, use: str = STUDIES) -> list[Clip]:
    """The speakers to rank for, in key order, each with its `partner` loaded.

    split  "test", "train" or "all"; None: the test split where there is one, else all
    """
    speakers = _usable(corpus, Role.SPEAKER, use)
    if split is None:
        split = Split.TEST if any(clip.split == Split.TEST for clip in speakers) else "all"
    return speakers if split == "all" else [clip for clip in speakers if clip.split == split]


def transcript_of(clip: Clip) -> str:
    """What is said in a clip: its own transcript, else what speech recognition heard last, else nothing."""
    if clip.transcript:
        return clip.transcript
    heard = clip.annotations.filter(kind=AnnotationKind.SPEECH).order_by("-annotated_at", "-pk").first()
    return heard.summary.get("text", "").strip() if heard else ""


def may_be_used(clip: Clip, use: str) -> bool:
    """Whether the corpus permits it and, where they are known, the person: who may permit less, never more."""
    person = clip.person.permitted_uses if clip.person else ""
    return permits(clip.corpus.permitted_uses, use) and permits(person, use)


def _usable(corpus: Corpus, role: Role, use: str) -> list[Clip]:
    clips = corpus.clips.filter(role=role, person__taken_down_at=None)
    known = clips.select_related("person", "partner__person").order_by("key")
    return [clip for clip in known if may_be_used(clip, use)]
