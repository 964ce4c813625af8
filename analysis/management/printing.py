"""Printing much, to someone who may stop reading."""

import os
import sys
from collections.abc import Iterable

from django.core.management.base import OutputWrapper


def print_lines(lines: Iterable[str], *, to: OutputWrapper) -> None:
    """Print the lines as they are; when the reader goes (`| head`), stop without a word."""
    try:
        for line in lines:
            to.write(line, ending="")
        to.flush()
    except BrokenPipeError:
        # The interpreter flushes standard output once more at its end: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
