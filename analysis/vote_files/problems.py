"""What is wrong with a file of votes: every problem at once, each with its line, value and remedy. Pure."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

SHOWN = 30
LONGEST_VALUE = 60


class VoteFileError(ValueError):
    """Everything wrong with one file of votes; nothing of it was used.

    problems  sentences in the order of lines, each naming the file, the line where there is one, and the remedy
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects the problems of one file, so that all are told together.

    Rows that are wrong alike are one problem, which names the first line and how many more there are.
    """

    def __init__(self, file: str, lines: np.ndarray) -> None:
        self._file = file
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    def of_remaining(self, lines: np.ndarray) -> None:
        """From here on rows are counted among these: the others were left out."""
        self._lines = lines

    def line_of(self, row: int) -> int:
        """Where in the file a row stands."""
        return int(self._lines[row])

    def of_file(self, sentence: str) -> None:
        self._found.append((0, f"{self._file}: {sentence}"))

    def of_line(self, line: int, sentence: str) -> None:
        self._found.append((line, f"{self._file}, line {line}: {sentence}"))

    def of_rows(self, wrong: np.ndarray, groups: np.ndarray, sentence: Callable[[int], str]) -> None:
        """One problem for each group that has a wrong row.

        wrong     bool (n,)
        groups    int (n,): rows of one group share what is wrong with them
        sentence  the group's number to what is wrong and what to do
        """
        rows = np.flatnonzero(wrong)
        if len(rows) == 0:
            return
        names, firsts, counts = np.unique(groups[rows], return_index=True, return_counts=True)
        order = np.argsort(firsts, kind="stable")
        for name, first, count in zip(names[order][:SHOWN], firsts[order], counts[order], strict=False):
            more = f" The same in {many(int(count) - 1, 'more row')}." if count > 1 else ""
            self.of_line(self.line_of(rows[first]), sentence(int(name)) + more)
        if len(names) > SHOWN:
            self._found.append((2**31, f"{self._file}: and {len(names) - SHOWN:,} more values like these."))

    def raise_if_any(self) -> None:
        """Raises  VoteFileError with everything collected so far."""
        if not self._found:
            return
        found = [sentence for _, sentence in sorted(self._found, key=lambda one: one[0])]
        hidden = len(found) - SHOWN
        raise VoteFileError([*found[:SHOWN], *([f"{self._file}: and {hidden:,} more problems."] if hidden > 0 else [])])


def shown(value: str) -> str:
    """A value as a sentence quotes it: on one line, and not longer than one reads."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}...'"


def listed(names: Sequence[str] | Mapping[str, object], *, most: int = 12) -> str:
    """Names in a sentence, not more than one reads."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def many(number: int, noun: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
