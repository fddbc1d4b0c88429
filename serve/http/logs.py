"""Log lines as JSON, from a list of allowed fields. A citizen's text can't get in by accident."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

#: Everything that may stand in a line beside time, level and event. No text, no address of a
#: caller, no user agent.
ALLOWED_FIELDS = (
    "request_id",
    "method",
    "route",
    "status",
    "milliseconds",
    "items",
    "model_version",
    "code",
    "error",
    "reason",
    "host",
    "port",
    "seconds",
)


class JsonLines(logging.Formatter):
    """One JSON object a record. Of foreign libraries only the constant template is kept."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Arguments of the template are left out: they may quote anything."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        }
        fields = getattr(record, "fields", {})
        line |= {name: fields[name] for name in ALLOWED_FIELDS if name in fields}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, default=lambda value: type(value).__name__)


def configure_logging(level: str) -> None:
    """Send every record of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # The server's chatter about starting and stopping is said better by our own events.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
