#!/usr/bin/env python
"""Django's command line for RealTalk Studies."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtalk_site.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"{error}. Run `make setup`, then use .venv/bin/python manage.py ...")
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        if "no such table" not in str(error) and "does not exist" not in str(error):
            raise
        first_line = str(error).splitlines()[0]
        sys.exit(f"The database lacks tables ({first_line}). Run first: .venv/bin/python manage.py migrate")


if __name__ == "__main__":
    main()
