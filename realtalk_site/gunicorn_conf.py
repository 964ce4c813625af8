"""gunicorn's settings: one process with threads, as SQLite wants it, and logs without tokens.

Use: gunicorn -c python:realtalk_site.gunicorn_conf realtalk_site.wsgi
On PostgreSQL add processes with `--workers`.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger

from realtalk_site.environment import read_positive
from realtalk_site.masking import MaskingFormatter


class MaskingLogger(Logger):
    """gunicorn's own loggers, access log included, with masked lines."""

    def _set_handler(self, log: logging.Logger, output: str, fmt: logging.Formatter, stream: Any = None) -> None:
        super()._set_handler(log, output, MaskingFormatter(fmt._fmt, fmt.datefmt), stream)


worker_class = "gthread"
workers = 1
threads = read_positive("REALTALK_WEB_THREADS", 16)
# Three videos and the next trial's three are fetched over connections that stay open.
keepalive = 15
timeout = 60
graceful_timeout = 5
logger_class = MaskingLogger
# No referrer and no user agent: an access log need not know who an evaluator is.
access_log_format = '%(t)s "%(r)s" %(s)s %(b)s %(M)sms'
