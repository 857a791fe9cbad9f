"""JSON logs on standard error. Callers give ids; never a body, a name or an e-mail."""

import logging.config

LOUD = (
    "httpx", "httpcore", "httpx2", "httpcore2", "urllib3", "slack_sdk", "stripe", "uvicorn.error", "mcp",
    "sse_starlette",
)  # fmt: skip


def configure(level: str) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"level": level, "handlers": ["stderr"]},
            # These log whole URLs, messages, answers or ids of sessions; an e-mail can stand in one.
            "loggers": {name: {"level": "WARNING"} for name in LOUD},
        }
    )
