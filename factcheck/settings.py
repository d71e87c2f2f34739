"""The settings: one module, everything that differs between places read from the environment."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from factcheck import env

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", default=False)
# Without a key of its own each process makes one: good for the demo and the tests, where sessions may end
# with the server. Production sets it; `check --deploy` and factcheck.wsgi say so.
SECRET_KEY = env.text("SECRET_KEY", default="") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# The public address of this desk, without a slash at the end: it stands in ClaimReview, feeds and links.
SITE_URL = env.text("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
DESK_NAME = env.text("DESK_NAME", default="The Factcheck desk")
# Said on every page: of the demo desk, that nothing on it is a published fact-check.
DESK_NOTICE = env.text("DESK_NOTICE", default="")
# The audit trail (docs/trail.md): the folder outside the database with the signing keys and what was signed last, the
# name under which checkpoints are signed, and where they are sent.
AUDIT_DIR = Path(_folder).absolute() if (_folder := env.text("AUDIT_DIR", default="")) else None
AUDIT_ORIGIN = env.text("AUDIT_ORIGIN", default="") or f"{urlsplit(SITE_URL).hostname}/factcheck"
AUDIT_PLACES = env.words("AUDIT_PLACES")

INSTALLED_APPS = [
    "claims.apps.DeskAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "claims",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "factcheck.middleware.RequestId",
    "factcheck.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Widgets too are drawn by our own templates, where there is one.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
ROOT_URLCONF = "factcheck.urls"
WSGI_APPLICATION = "factcheck.wsgi.application"
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
                "factcheck.context.desk",
            ]
        },
    }
]

# Without an address there is no database: commands that need none still run, and manage.py gives the others
# the demo's (see factcheck/local_postgres.py).
DATABASE_URL = env.text("DATABASE_URL", default="")
DATABASES = {"default": env.database(DATABASE_URL) if DATABASE_URL else {"ENGINE": "django.db.backends.dummy"}}
# A thread's connection serves many requests; that it still does is asked once a request.
DATABASES["default"] |= {"CONN_MAX_AGE": env.number("CONN_MAX_AGE", default=300), "CONN_HEALTH_CHECKS": True}
# The same database as the role that owns it, for migrations (see factcheck/database.py). Without it there is one role.
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", default="")
DATABASE_OWNER = env.owner(DATABASE_OWNER_URL, DATABASES["default"]) if DATABASE_OWNER_URL else None
DATABASE_ROLE = str(DATABASES["default"].get("USER", ""))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "claims.Person"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# How often a program may call the API: with one token, and from one address, whoever calls from there.
API_TOKEN_RATE = env.rate("API_TOKEN_RATE", default="1200/minute")
API_ADDRESS_RATE = env.rate("API_ADDRESS_RATE", default="3000/minute")
# The proxies in front of this server: what they say in X-Forwarded-For is believed.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# Networks that are not public and hold receivers of webhooks all the same; elsewhere only public ones are spoken to.
WEBHOOK_ALLOW = env.networks("WEBHOOK_ALLOW")
# For notifications, and for checkpoints sent to a person (AUDIT_PLACES).
EMAIL_HOST = env.text("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.number("EMAIL_PORT", default=25)
EMAIL_BACKEND = env.text("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_FILE_PATH = env.text("EMAIL_FILE_PATH", default="") or None  # of Django's backend that writes messages to files
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 30
# How long people find what they were told, after they read it; 0: for good.
NOTIFICATIONS_KEPT_DAYS = env.number("NOTIFICATIONS_KEPT_DAYS", default=90, most=36_500)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default=f"factcheck@{urlsplit(SITE_URL).hostname}")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 24 * 1024 * 1024  # a 10 MB text, escaped as JSON

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# One switch for everything that needs TLS in front: cookies, redirect and HSTS.
HTTPS = env.flag("HTTPS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "claims.api.authentication.TokenAuthentication",  # first: its challenge makes a 401 a 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["claims.api.permissions.DeskPermission"],
    "DEFAULT_PAGINATION_CLASS": "claims.api.pagination.DeskPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "claims.api.filtering.DeskFilters",
        "claims.api.filtering.DeskSearch",
        "claims.api.ordering.DeskOrdering",
    ],
    "DEFAULT_RENDERER_CLASSES": ["claims.api.rendering.DeskRenderer"],
    "DEFAULT_PARSER_CLASSES": ["claims.api.parsing.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "claims.api.schema.DeskSchema",
    "EXCEPTION_HANDLER": "claims.api.problems.as_problem",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "claims.api.parsing.OnlyJSON",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Factcheck",
    "DESCRIPTION": "From an article's text to a published verdict, and the record of how it came about.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "ArticleState": "claims.choices.ArticleState",
        "ClaimState": "claims.choices.ClaimState",
        "PublicationState": "claims.choices.PublicationState",
        "ClaimKind": "claims.choices.ClaimKind",
        "SourceKind": "claims.choices.SourceKind",
        "CorrectionType": "claims.choices.CorrectionType",
        "NotificationKind": "claims.choices.NotificationKind",
    },
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
        "number": {"type": "integer", "minimum": 0, "maximum": 10**9 - 1},
    },
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

TEST_RUNNER = "tests.runner.DeskRunner"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "factcheck.tracing.WithRequestId"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["request"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Answers of 4xx are the caller's to read; what is logged is what the desk has to mend.
    "loggers": {"django.request": {"level": "ERROR"}, "waitress.queue": {"level": "ERROR"}},
}
