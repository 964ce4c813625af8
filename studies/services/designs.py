"""Designs: a draft study from a corpus, contrasts, and what each condition shows: a manifest's word, or rankings'."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from retrieval.models import Clip, Corpus, Role
from retrieval.permissions import STUDIES
from retrieval.queries import may_be_used
from retrieval.tables import KEY, KEY_RULE
from studies.asking import Asking, asking_problems, one_question
from studies.default_texts import DEFAULT_TEXTS
from studies.entry import NOTHING_ASKED, Entry, entry_problems
from studies.models import (
    Comparison,
    Contrast,
    Item,
    ItemKind,
    Plan,
    Question,
    ShortListeners,
    Stimulus,
    Study,
    StudyState,
)
from studies.options import DEFAULT_OPTIONS, Options, option_problems
from studies.stimuli import ItemRow, read_stimuli

from .consenting import write_consent
from .deals import PRACTICE_TRIALS
from .entering import keep_entry_questions
from .locks import locked_study
from .rehearsals import clear_rehearsal

MOST_TRIALS = 30
MOST_VOTES = 100_000
LONGEST_TITLE = 200
ONE_QUESTION = one_question()


class CannotCreate(Exception):
    """The study cannot be made; `problems` are sentences, each with what to do."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_contrasts(text: str) -> list[tuple[str, str]]:
    """'social:random,social:rude' -> [('social', 'random'), ('social', 'rude')].

    Raises  CannotCreate naming every part that is not treatment:control, or comes twice
    """
    contrasts, problems = [], []
    for part in (part.strip() for part in text.split(",")):
        pair = tuple(name.strip() for name in part.split(":"))
        if len(pair) != 2 or not all(KEY.fullmatch(name) for name in pair):
            problems.append(f"'{part}' is not a contrast: write treatment:control, such as social:random; {KEY_RULE}.")
        elif pair[0] == pair[1]:
            problems.append(f"'{part}' puts a condition against itself: name two.")
        elif pair in contrasts or pair[::-1] in contrasts:
            problems.append(f"'{part}' is there twice: keep one.")
        else:
            contrasts.append(pair)
    if problems:
        raise CannotCreate(problems)
    return contrasts


def create_study(
    key: str,
    *,
    corpus_key: str,
    stimuli: Path | str,
    contrasts: Sequence[tuple[str, str]],
    at: datetime,
    votes_per_comparison: int = 4,
    trials_per_session: int | None = None,
    seed: int = 0,
    short_listeners: ShortListeners = ShortListeners.REFUSE,
    options: Options = DEFAULT_OPTIONS,
    language: str = "en",
    title: str = "",
    asking: Asking = ONE_QUESTION,
    entry: Entry = NOTHING_ASKED,
    selection: str = "",
) -> Study:
    """A draft study, whole or not at all.

    stimuli             stimulus manifest (CSV): item, condition, clip_key[, kind, correct_condition]
    trials_per_session  None: one for each main item, at most 30
    selection           who chose the speakers and how; by default, that the manifest names them
    Raises              CannotCreate; ManifestError with every problem of the manifest
    """
    corpus = corpus_named(corpus_key)
    clips = {clip.key: clip for clip in corpus.clips.select_related("person")}
    table = read_stimuli(
        stimuli,
        speakers={key for key, clip in clips.items() if clip.role == Role.SPEAKER},
        listeners={key: clip.sha256 for key, clip in clips.items() if clip.role == Role.LISTENER},
        contrasts=contrasts,
        persons={key: clip.person.key for key, clip in clips.items() if clip.person},
    )
    return save_draft(
        key,
        Design(
            corpus=corpus,
            clips=clips,
            items=table.items,
            contrasts=contrasts,
            selection=selection or f"The speakers named in {Path(stimuli).name}.",
        ),
        at=at,
        votes_per_comparison=votes_per_comparison,
        trials_per_session=trials_per_session,
        seed=seed,
        short_listeners=short_listeners,
        options=options,
        language=language,
        title=title,
        asking=asking,
        entry=entry,
    )


@dataclass(frozen=True)
class Ranked:
    """Where a stimulus comes from: a ranking, and the place in its order, from 1."""

    ranking_id: int
    rank: int


@dataclass(frozen=True)
class Design:
    """What a draft is made of.

    clips      of the corpus, by key: at least those that the items name
    contrasts  (treatment, control); every main item has both conditions of each
    ranked     (speaker's key, condition) -> its ranking; empty for videos brought along
    """

    corpus: Corpus
    clips: Mapping[str, Clip]
    items: Sequence[ItemRow]
    contrasts: Sequence[tuple[str, str]]
    selection: str
    ranked: Mapping[tuple[str, str], Ranked] = field(default_factory=dict)


def corpus_named(key: str) -> Corpus:
    """The corpus with this key. Raises CannotCreate that lists the keys there are."""
    corpus = Corpus.objects.filter(key=key).first()
    if corpus is None:
        known = ", ".join(Corpus.objects.order_by("key").values_list("key", flat=True)) or "none yet"
        raise CannotCreate([f"There is no corpus '{key}' (there is: {known}). Import one with import_clips."])
    return corpus


def save_draft(
    key: str,
    design: Design,
    *,
    at: datetime,
    votes_per_comparison: int = 4,
    trials_per_session: int | None = None,
    seed: int = 0,
    short_listeners: ShortListeners = ShortListeners.REFUSE,
    options: Options = DEFAULT_OPTIONS,
    language: str = "en",
    title: str = "",
    asking: Asking = ONE_QUESTION,
    entry: Entry = NOTHING_ASKED,
) -> Study:
    """Check the words and numbers of a study and write its rows, all or none. Raises CannotCreate."""
    _check_permitted(design)
    if options.shows_captions:
        _check_transcripts(design)
    contrasts = design.contrasts
    main_items = sum(row.kind == ItemKind.MAIN for row in design.items)
    trials = min(MOST_TRIALS, main_items) if trials_per_session is None else trials_per_session
    _check_words(key, title=title, asking=asking, entry=entry)
    _check_numbers(
        votes_per_comparison=votes_per_comparison,
        trials=trials,
        main_items=main_items,
        contrasts=len(contrasts),
        seed=seed,
    )
    answered = sum(row.kind == ItemKind.PRACTICE and bool(row.correct_condition) for row in design.items)
    if problems := option_problems(options, practice=min(answered, PRACTICE_TRIALS), trials=trials):
        raise CannotCreate(problems)
    default = DEFAULT_TEXTS[language]
    with transaction.atomic():
        study = Study.objects.create(
            key=key,
            title=title or f"Listeners in conversation: {key}",
            corpus=design.corpus,
            introduction=default.introduction,
            selection=design.selection,
            seed=seed,
            votes_per_comparison=votes_per_comparison,
            trials_per_session=trials,
            short_listeners=short_listeners,
            **asdict(options),
            language=language,
            asks_comment=asking.asks_comment,
            asks_when=asking.asks_when,
            content_warning=entry.content_warning,
            support=entry.support,
            debriefing=entry.debriefing,
            least_age=entry.least_age,
            lease_minutes=settings.REALTALK_LEASE_MINUTES,
            created_at=at,
        )
        rows = [
            Contrast.objects.create(study=study, treatment=treatment, control=control, position=position)
            for position, (treatment, control) in enumerate(contrasts)
        ]
        Plan.objects.create(study=study, primary_contrast=rows[0])
        Question.objects.bulk_create(
            Question(
                study=study,
                key=asked.key,
                text=asked.text,
                form=asked.form,
                reasons=[{"key": key, "text": text} for key, text in asked.reasons],
                position=position,
            )
            for position, asked in enumerate(asking.questions)
        )
        keep_entry_questions(study, entry.questions)
        write_consent(study, 1, language, entry.consent or default.consent, at=at)
        for position, row in enumerate(design.items):
            _create_item(study, position, row, design, rows)
    return study


def delete_draft(study_id: int) -> None:
    """Delete a study that was never opened, with its rehearsal and everything that its design holds.

    Raises  CannotCreate if it was opened: what evaluators gave is not deleted with a study
    """
    clear_rehearsal(study_id)
    with locked_study(study_id) as study:
        if study.state != StudyState.DRAFT or study.sessions.exists():
            raise CannotCreate([f"Study '{study.key}' was opened; close it instead."])
        Plan.objects.filter(study=study).delete()
        Comparison.objects.filter(contrast__study=study).delete()
        study.delete()


def _check_permitted(design: Design) -> None:
    """Nobody is shown beyond what they permitted, nor after they were taken down."""
    shown = {key for row in design.items for key in (row.speaker, *row.conditions.values())}
    clips = {key: design.clips[key] for key in sorted(shown)}
    gone = [key for key, clip in clips.items() if clip.person and clip.person.taken_down_at]
    barred = [key for key, clip in clips.items() if not may_be_used(clip, STUDIES)]
    told = [
        (gone, "show someone who was taken down"),
        (barred, f"are of a corpus, or show a person, that does not permit '{STUDIES}'"),
    ]
    if problems := [f"{len(keys)} clip(s) {why}: {', '.join(keys[:5])}. Choose others." for keys, why in told if keys]:
        raise CannotCreate(problems)


def _check_transcripts(design: Design) -> None:
    silent = sorted({row.speaker for row in design.items if not design.clips[row.speaker].transcript.strip()})
    if silent:
        named = ", ".join(silent[:5]) + (" and others" if len(silent) > 5 else "")
        without = f"Captions need what the speakers say, and {len(silent)} have no transcript: {named}."
        raise CannotCreate([f"{without} Import them with one, or make the study without captions."])


def _check_words(key: str, *, title: str, asking: Asking, entry: Entry) -> None:
    problems = []
    if not KEY.fullmatch(key):
        problems.append(f"'{key}' cannot be a study's key: {KEY_RULE}.")
    elif there := Study.objects.filter(key=key).first():
        remedy = ", or make the draft anew with create_study --replace-draft" if there.state == StudyState.DRAFT else ""
        problems.append(f"There is a study '{key}' already: choose another key{remedy}.")
    if len(title) > LONGEST_TITLE:
        problems.append(f"The title has {len(title)} characters: at most {LONGEST_TITLE} fit.")
    problems += [*asking_problems(asking), *entry_problems(entry)]
    if problems:
        raise CannotCreate(problems)


def _check_numbers(
    *, votes_per_comparison: int, trials: int, main_items: int, contrasts: int, seed: int
) -> None:
    problems = []
    if abs(seed) >= 2**63:
        problems.append("The seed must fit in 64 bits: choose a smaller number.")
    votes = main_items * contrasts * votes_per_comparison
    if votes > MOST_VOTES:
        problems.append(f"That asks for {votes} votes in all; at most {MOST_VOTES} can be dealt. Ask for fewer.")
    if votes_per_comparison < 1:
        problems.append("Votes per comparison must be at least 1.")
    if not 1 <= trials <= main_items:
        problems.append(
            f"Trials per session must be from 1 to the number of main items ({main_items}), not {trials}: "
            "an evaluator meets each speaker once."
        )
    if problems:
        raise CannotCreate(problems)


def _create_item(study: Study, position: int, row: ItemRow, design: Design, contrasts: list[Contrast]) -> Item:
    item = Item.objects.create(
        study=study,
        speaker=design.clips[row.speaker],
        kind=row.kind,
        correct_condition=row.correct_condition,
        position=position,
    )
    shown = {}
    for condition, clip_key in row.conditions.items():
        ranked = design.ranked.get((row.speaker, condition))
        shown[condition] = Stimulus.objects.create(
            study=study,
            item=item,
            condition=condition,
            clip=design.clips[clip_key],
            ranking_id=ranked and ranked.ranking_id,
            rank_used=ranked and ranked.rank,
        )
    if item.kind == ItemKind.MAIN:
        for contrast in contrasts:
            treatment, control = shown[contrast.treatment], shown[contrast.control]
            Comparison.objects.create(
                contrast=contrast,
                item=item,
                treatment=treatment,
                control=control,
                treatment_sha256=treatment.clip.sha256,
                control_sha256=control.clip.sha256,
            )
    return item
