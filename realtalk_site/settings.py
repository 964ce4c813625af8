"""All settings. Each variable that the environment may set is read here, once, by a typed reader.

With no environment at all the site runs for development: SQLite, a secret made once, everything under `var/`.
With DJANGO_DEBUG=0 it runs for production and refuses to start without its secrets.
"""

from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy

from realtalk_site.environment import (
    make_folder,
    read_bool,
    read_database,
    read_email,
    read_keys,
    read_list,
    read_or_make_secret,
    read_positive,
    read_text,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where everything is kept ---------------------------------------------------------------------------------
REALTALK_DATA = Path(read_text("REALTALK_DATA", str(BASE_DIR / "var"))).expanduser().absolute()
MEDIA_ROOT = REALTALK_DATA / "media"
STATIC_ROOT = REALTALK_DATA / "static"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Development or production --------------------------------------------------------------------------------
DEBUG = read_bool("DJANGO_DEBUG", True)
SECRET_KEY = read_or_make_secret("DJANGO_SECRET_KEY", kept_in=REALTALK_DATA / "secret_key", may_make=DEBUG)
ALLOWED_HOSTS = read_list("DJANGO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = read_list("DJANGO_CSRF_TRUSTED_ORIGINS", [])
# Whether browsers reach the site over HTTPS: then cookies, redirects and HSTS insist on it.
HTTPS = read_bool("DJANGO_HTTPS", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# "no-referrer" would turn the Origin of the admin's forms into "null", which Django's CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"

# --- The application ------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "realtalk_site",
    "analysis",
    "studies",
    "retrieval",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
]
# No ConditionalGetMiddleware: it would put an ETag, a fingerprint of the content, on blind media.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "realtalk_site.policy.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "realtalk_site.urls"
WSGI_APPLICATION = "realtalk_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LANGUAGE_CODE = "en"
# Of the evaluators' pages; the admin and the report are in English.
LANGUAGES = [
    ("en", "English"), ("de", "German"), ("es", "Spanish"), ("zh-hans", "Simplified Chinese"), ("ar", "Arabic"),
]  # fmt: skip
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- Database -------------------------------------------------------------------------------------------------
# No ATOMIC_REQUESTS: a service opens the shortest transaction that its promise needs.
DATABASES = {"default": read_database("DATABASE_URL", default=f"sqlite:///{REALTALK_DATA / 'realtalk.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    make_folder(REALTALK_DATA)
    # Measured (2026-11): with Django's own settings over half of concurrent claims fail with "database is locked";
    # with these and the turn-taking of realtalk_site.sqlite none of 64 clients does.
    DATABASES["default"] |= {
        "ENGINE": "realtalk_site.sqlite",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # secure_delete: what an evaluator withdraws is overwritten in the file, not only unlinked.
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA secure_delete=ON;",
        },
        "TEST": {"NAME": REALTALK_DATA / "test.sqlite3"},  # a file: threads share it, as they do when it is served
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

# --- Static files and media -----------------------------------------------------------------------------------
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "realtalk_site.staticfiles.HashedStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- What browsers may do with a page -------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The admin's theme evaluates its x-attributes and writes colours into the page: looser, and for /admin/ alone.
REALTALK_ADMIN_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
# Evaluators' pages, which recruitment platforms show inside their own; every other page is framed by nobody.
REALTALK_FRAMED_PREFIXES = ("/study/", "/s/", "/r/", "/withdraw/", "/withdrawn/")
REALTALK_FRAME_ANCESTORS = [
    SELF if source == "self" else source
    for source in read_list("REALTALK_FRAME_ANCESTORS", ["self", "https://*.mturk.com"])
]

# --- The evaluator's API: the token in the address is the only authority ----------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["studies.parsers.PatientJSONParser"],
    "UNAUTHENTICATED_USER": None,
}
# Of one session's address. The page asks for some ten a minute; 429 beyond, which it takes as a lost line.
REALTALK_REQUESTS_A_MINUTE = read_positive("REALTALK_REQUESTS_A_MINUTE", 240)
# One process serves (decision 0005), so its memory is enough; more entries than sessions can be at once.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# --- Studies --------------------------------------------------------------------------------------------------
REALTALK_LEASE_MINUTES = read_positive("REALTALK_LEASE_MINUTES", 30)
# How long an evaluator's address of a video works. A reload of the page gives a new one.
REALTALK_MEDIA_MINUTES = read_positive("REALTALK_MEDIA_MINUTES", 120)
# nginx's internal location of REALTALK_DATA/media, e.g. /protected/: then nginx sends the bytes, not Django.
REALTALK_ACCEL_PREFIX = read_text("REALTALK_ACCEL_PREFIX")
# What encrypts the ids of recruitment platforms: the first key encrypts, all decrypt. Without one no id is kept.
REALTALK_IDENTITY_KEYS = read_keys("REALTALK_IDENTITY_KEYS")
# How long such an id is kept after its evaluator last arrived with it.
REALTALK_IDENTITY_DAYS = read_positive("REALTALK_IDENTITY_DAYS", 90)

# --- Recruitment platforms: nothing is called without its credentials, and none is kept in the database ---------
REALTALK_PROLIFIC_API = read_text("REALTALK_PROLIFIC_API", "https://api.prolific.com")
REALTALK_PROLIFIC_TOKEN = read_text("REALTALK_PROLIFIC_TOKEN")
REALTALK_PROLIFIC_WEBHOOK_SECRET = read_text("REALTALK_PROLIFIC_WEBHOOK_SECRET")
# The usual names; no other place is searched for credentials.
REALTALK_MTURK_KEY_ID = read_text("AWS_ACCESS_KEY_ID")
REALTALK_MTURK_KEY = read_text("AWS_SECRET_ACCESS_KEY")
REALTALK_MTURK_ENDPOINT = read_text("REALTALK_MTURK_ENDPOINT")  # unset, Amazon's own: the sandbox, or the real one
REALTALK_PLATFORM_ASK_S = read_positive("REALTALK_PLATFORM_ASK_S", 300)
REALTALK_PLATFORM_TIMEOUT_S = read_positive("REALTALK_PLATFORM_TIMEOUT_S", 20)

# --- Retrieval: what reads, describes and ranks. Dotted paths, loaded by workers alone: a web process has no torch ---
REALTALK_ENCODERS = {
    "expression": "retrieval.encoders.expression.ExpressionEncoder",
    "openclip": "retrieval.encoders.openclip.OpenClipEncoder",
    "tuned": "retrieval.encoders.tuned.load_tuned",
}
REALTALK_ENCODER = read_text("REALTALK_ENCODER", "expression")
REALTALK_DESCRIBERS = {
    "phrasebook": "retrieval.describers.phrasebook.Phrasebook",
    "chat": "retrieval.describers.chat.load_chat",
}
REALTALK_DESCRIBER = read_text("REALTALK_DESCRIBER", "phrasebook")
# Of the describer `chat`: any address that speaks OpenAI's protocol.
REALTALK_CHAT_URL = read_text("REALTALK_CHAT_URL")
REALTALK_CHAT_KEY = read_text("REALTALK_CHAT_KEY")
REALTALK_CHAT_MODEL = read_text("REALTALK_CHAT_MODEL")
REALTALK_CHAT_TIMEOUT_S = read_positive("REALTALK_CHAT_TIMEOUT_S", 60)
REALTALK_CHAT_BUDGET_TOKENS = read_positive("REALTALK_CHAT_BUDGET_TOKENS", 2_000_000)

# --- Background work ------------------------------------------------------------------------------------------
# A job's kind -> the function that does it (retrieval.jobs), by name so that lower layers import no upper one.
REALTALK_JOBS = {
    "prepare_study": "studies.services.preparing.prepare_study",
    "plan_stage": "retrieval.services.runs.plan_stage",
    "annotate_batch": "retrieval.services.annotating.annotate_batch",
    "embed_shard": "retrieval.services.embedding.embed_shard",
    "describe_batch": "retrieval.services.describing.describe_batch",
    "rank_batch": "retrieval.services.ranking.rank_batch",
    "tune_prompt": "retrieval.services.tuning.tune_prompt",
    "face_batch": "retrieval.services.facing.face_batch",
}
# A run's kind -> its stages in order: a name, and the function of the run that says which jobs are missing.
REALTALK_RUNS = {
    "annotate": [("annotate", "retrieval.services.stages.plan_asked_annotation")],
    "rank": [
        ("annotate", "retrieval.services.stages.plan_needed_annotation"),
        ("embed", "retrieval.services.stages.plan_needed_embedding"),
        ("describe", "retrieval.services.stages.plan_needed_describing"),
        ("rank", "retrieval.services.ranking.plan_ranking"),
    ],
    "tune": [
        ("annotate", "retrieval.services.stages.plan_training_annotation"),
        ("describe", "retrieval.services.stages.plan_training_describing"),
        ("tune", "retrieval.services.tuning.plan_tuning"),
    ],
    "faces": [
        ("annotate", "retrieval.services.stages.plan_face_annotation"),
        ("faces", "retrieval.services.facing.plan_facing"),
    ],
}
REALTALK_JOB_LEASE_S = read_positive("REALTALK_JOB_LEASE_S", 60)
REALTALK_JOB_SWEEP_S = read_positive("REALTALK_JOB_SWEEP_S", 10)
# Unset, `manage.py serve` starts a broker of its own and tells its children where it is.
CELERY_BROKER_URL = read_text("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True
# A message is gone only when its job has ended; the row decides what a second delivery may do.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# Two queues: a machine with an accelerator takes "gpu", any other may take both (docs/retrieval.md).
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 3, "socket_timeout": 30}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # its plan is below: nothing to keep between runs
CELERY_BEAT_SCHEDULE = {
    "send waiting jobs again": {"task": "retrieval.tasks.send_waiting_jobs", "schedule": REALTALK_JOB_SWEEP_S},
    "apply exclusion rules of plans": {"task": "analysis.tasks.apply_planned_rules", "schedule": 300},
    "look at studies that may stop early": {"task": "analysis.tasks.look_at_studies", "schedule": 300},
    "ask recruitment platforms": {"task": "studies.tasks.ask_platforms", "schedule": REALTALK_PLATFORM_ASK_S},
    "forget platform ids past their retention": {"task": "studies.tasks.forget_identities", "schedule": 3600},
    # Evaluators may be waiting for it.
    "open batches of adaptive votes": {"task": "analysis.tasks.open_adaptive_batches", "schedule": 30},
}

# --- E-mail: only to the owner of a study that may stop -----------------------------------------------------------
globals().update(read_email("EMAIL_URL"))  # EMAIL_HOST and what belongs to it; without a host nothing is sent
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = read_text("DEFAULT_FROM_EMAIL", "webmaster@localhost")

# --- Logs: never a token ----------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "masked": {
            "()": "realtalk_site.masking.MaskingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "masked"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own handlers would print beside ours, unmasked.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # They tell of every clip and every request.
        "faster_whisper": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}

# --- The admin's look -----------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "RealTalk Studies",
    "SITE_HEADER": "RealTalk Studies",
    "SITE_SYMBOL": "forum",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "COLORS": {  # the accent of static/css/tokens.css, lighter and darker
        "primary": {
            "50": "#f0f8f9",
            "100": "#dcecee",
            "200": "#bcdadf",
            "300": "#8fc0c8",
            "400": "#5a9faa",
            "500": "#2f7f8c",
            "600": "#0d5c69",
            "700": "#0b4f5a",
            "800": "#094750",
            "900": "#08363e",
            "950": "#06262b",
        }
    },
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": True,
        "navigation": [
            {
                "items": [
                    {"title": "Overview", "icon": "home", "link": reverse_lazy("admin:index")},
                    {"title": "Plan the power of a study", "icon": "calculate", "link": reverse_lazy("analysis:power")},
                ]
            },
        ],
    },
}
