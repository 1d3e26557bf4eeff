"""Judges for what the certificate authority makes (see `oracles/fixtures.py`)."""

from tests.ca.oracles.fixtures import bouncycastle, gmsm, openssl

__all__ = ["bouncycastle", "gmsm", "openssl"]
