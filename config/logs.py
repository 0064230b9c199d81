"""Log lines: JSON with the request's id, or coloured text while developing.

structlog and the standard library's loggers go through the same steps.
"""

from __future__ import annotations

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def without_query(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keys of link boards and words of searches stand there: not ours to keep."""
    if isinstance(request := event.get("request"), str):
        event["request"] = request.partition("?")[0]
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.PositionalArgumentsFormatter(),
    without_query,
]


def logging_settings(*, for_people: bool, level: str) -> dict[str, object]:
    """Django's LOGGING; sets structlog up to end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    ]
    if for_people:
        last.append(structlog.dev.ConsoleRenderer())
    else:
        last.append(structlog.processors.format_exc_info)
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": last,
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "lines"}
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # django-structlog tells the same, with the request's id.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"handlers": ["console"], "propagate": False},
            "httpx": {"level": "WARNING"},
        },
    }
