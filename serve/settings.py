"""The settings of the service: the only reader of the environment.

Every field is the variable ``PHANANH_<FIELD>``, e.g. ``PHANANH_PORT=8080``. An empty variable counts
as not set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What can be set without touching code. Frozen: read once, when the process starts."""

    model_config = SettingsConfigDict(
        env_prefix="PHANANH_", env_ignore_empty=True, frozen=True, extra="forbid"
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")

    model_folder: Path | None = Field(
        None, description="Folder of the model artifact; the shipped one if not set."
    )
    city_folder: Path | None = Field(
        None, description="Folder of the city's YAML files; the shipped city if not set."
    )
    agencies_file: Path | None = Field(
        None, description="Agencies file that replaces the one of the city folder."
    )
    threads: int = Field(0, ge=0, description="Threads of one model pass; 0 lets the model choose.")

    max_body_bytes: int = Field(
        2_000_000, ge=1_000, description="Bytes of a request body, counted as they arrive."
    )
    max_items: int = Field(256, ge=1, description="Items of one call of /v1/classify.")
    max_text_characters: int = Field(
        20_000, ge=1, description="Characters of one text together with its title."
    )
    body_timeout_seconds: float = Field(
        15.0, gt=0, description="Seconds in which a request body must have arrived."
    )

    queue_items: int = Field(
        1_024, ge=1, description="Items that may wait for the model; beyond it calls get 429."
    )
    queue_characters: int = Field(
        4_000_000, ge=1, description="Characters that may wait for the model; beyond it 429."
    )
    micro_batching: bool = Field(
        True, description="Whether items of several waiting calls share one model pass."
    )
    batch_items: int = Field(16, ge=1, le=256, description="Most items of one model pass.")
    batch_window_ms: float = Field(
        2.0,
        ge=0,
        le=100,
        description="Milliseconds to collect a pass when more than one call waits; "
        "a lone call is never delayed.",
    )

    drain_grace_seconds: float = Field(
        1.0,
        ge=0,
        description="Seconds after SIGTERM in which /readyz already says 503 but new calls are "
        "still answered, so that a load balancer can turn away.",
    )
    drain_seconds: int = Field(
        30, ge=1, description="Seconds that calls in progress get to finish after the grace."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the JSON log lines on standard error."
    )

    @model_validator(mode="after")
    def _queue_holds_the_largest_call(self) -> Self:
        # Otherwise a legal call would be answered 429 for ever, however often it is repeated.
        if self.queue_items < self.max_items:
            raise ValueError(
                f"queue_items is {self.queue_items}: expected at least max_items, {self.max_items}"
            )
        if self.queue_characters < self.max_body_bytes:
            raise ValueError(
                f"queue_characters is {self.queue_characters}: "
                f"expected at least max_body_bytes, {self.max_body_bytes}"
            )
        return self
