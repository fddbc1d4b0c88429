"""How commands meet the console: one sentence for what goes wrong, and an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from nlp.errors import InputInvalid, PhanAnhError

if TYPE_CHECKING:
    from serve.settings import Settings

#: Exit codes. The last two are what a shell gives a process that SIGINT or SIGPIPE ended.
SOME_FAILED, CALL_WRONG, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


class Commands(TyperGroup):
    """A group of commands none of which ends in a traceback for a foreseeable reason."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps its context's class private
        """Run the command."""
        try:
            return super().invoke(ctx)
        except PhanAnhError as error:
            _fail(error.message)
        except BrokenPipeError:
            _forget_output()
            sys.exit(PIPE_CLOSED)
        except OSError as error:
            _fail(f"{error.filename or 'input or output'}: {error.strerror or 'failed'}")
        except KeyboardInterrupt:
            _forget_output()
            sys.exit(INTERRUPTED)


def settings_of(**given: object) -> Settings:
    """The settings of the environment, with what the command line says on top.

    Args:
        given: Fields of ``Settings``; None leaves the field to the environment.

    Raises:
        InputInvalid: Names the setting and what was expected, never a value.
    """
    from pydantic import ValidationError

    from serve.settings import Settings

    said = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**said)  # type: ignore[arg-type]  # checked by Settings itself
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        raise InputInvalid(f"{where}: {first['msg']}") from None


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"phananh: {sentence}", err=True)
    sys.exit(CALL_WRONG)


def _forget_output() -> None:
    """Keep the interpreter from complaining, as it ends, that the last bytes found no reader."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
