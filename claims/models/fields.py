"""Fields that several nouns share."""

from __future__ import annotations

from typing import Any

from django.core.validators import URLValidator
from django.db import models


class WebAddress(models.URLField):  # type: ignore[type-arg]  # generic in the stubs alone
    """An http or https address, 2,000 characters at most; what is linked from a page leads nowhere else."""

    default_validators = [URLValidator(schemes=("http", "https"))]  # noqa: RUF012  (as Django declares it)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 2000, **kwargs})
