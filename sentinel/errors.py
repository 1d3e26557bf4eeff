"""Errors meant for a person: one line, no traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something outside the program is wrong: a file, a flag, a setting, a store.

    The message is one line that names the thing, the value and the way out. `exit_code` is what
    the process ends with: 1 error, 2 wrong usage (docs/reference/exit-codes.md).
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class StoreAwayError(UserError):
    """A store cannot take what it is given just now: the server is away, the disk is full. Nothing is
    wrong with the data; the same call may succeed later."""
