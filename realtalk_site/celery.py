"""The Celery app. A job's row is the truth (retrieval.jobs); Celery only says when to look at it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtalk_site.settings")

app = Celery("realtalk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
