"""Keys of tests are cheap to open."""

from tests.ca.conftest import _cheap_passphrases

__all__ = ["_cheap_passphrases"]
