"""What stops a command, in words instead of a stack trace."""

from temporalio.service import RPCError, RPCStatusCode

from commands.terminal import NOT_ASKED, errors, say
from configuration.files import BadConfig
from operations.errors import Stopped
from temporal import BadConnection, unprepared

HELP = "`mogulflow doctor` says what to do."


def exit_code(error: Exception) -> int | None:
    """Says it. None of what nobody foresaw."""
    if isinstance(error, Stopped | BadConfig):
        say(str(error))
        return 1
    if isinstance(error, BadConnection):
        say(str(error))
        return NOT_ASKED
    if isinstance(error, RPCError):
        return _of_a_call(error)
    if isinstance(error, RuntimeError):
        say(f"Temporal: {error}")
        errors.print(HELP)
        return NOT_ASKED
    return None


def _of_a_call(error: RPCError) -> int:
    if lacking := unprepared(error):
        say(f"Temporal's namespace is not prepared: it has no search attribute {lacking}.")
        errors.print("Run `mogulflow prepare` first.")
        return NOT_ASKED
    say(f"Temporal: {error.message}")
    if error.status is RPCStatusCode.INVALID_ARGUMENT:  # what was asked for is wrong, not a setting
        return 1
    errors.print(HELP)
    return NOT_ASKED
