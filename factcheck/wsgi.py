"""The web application, for any WSGI server. Holds no state of its own; needs DATABASE_URL and SECRET_KEY."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import connections

from claims.checks import refuse_to_start

for name, what in (("DATABASE_URL", "the desk's PostgreSQL"), ("SECRET_KEY", "a long random text, kept secret")):
    if not os.environ.get(name):
        raise ImproperlyConfigured(f"{name} is not set: set it to {what}.")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "factcheck.settings")
application = get_wsgi_application()
refuse_to_start()
connections.close_all()  # a server that forks now starts each process with a connection of its own
