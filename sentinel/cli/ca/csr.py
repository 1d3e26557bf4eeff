"""`sentinel ca csr`: a request, and its key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.common import DerOption, ForceOption, OutOption, passphrases
from sentinel.cli.ca.init import Algorithm
from sentinel.cli.ca.options import KeyCipher, KeyCipherOption, PassphraseOption


def csr(
    name: Annotated[str, typer.Option("--name", help="Common name, or CN=plc-7,O=Plant.")],
    out: OutOption,
    algorithm: Annotated[Algorithm, typer.Option("--algorithm", help="Kind of the new key.")] = Algorithm.SM2,
    san: Annotated[
        list[str] | None, typer.Option("--san", help="Another name: dns:X, ip:X, uri:X; may be given again.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Key to use, in place of a new one.")] = None,
    key_out: Annotated[
        Path | None, typer.Option("--key-out", help="File for the new key. [default: --out with .key]")
    ] = None,
    no_key_passphrase: Annotated[
        bool, typer.Option("--no-key-passphrase", help="Write the new key in the open.")
    ] = False,
    key_cipher: KeyCipherOption = KeyCipher.AES256,
    der: DerOption = False,
    force: ForceOption = False,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Make a certificate request (PKCS#10), and a key for it. No CA is needed."""
    from sentinel.ca import files
    from sentinel.ca.keys import generate
    from sentinel.ca.keys.files import read_key, write_key
    from sentinel.ca.x509 import altnames, names, request

    subject, alt = names.parse(name), tuple(map(altnames.parse, san or ()))
    files.free(out, force=force)
    secrets = passphrases(passphrase_file)
    if key is not None:
        signer = read_key(key, secrets.get("key"))
    else:
        key_path = key_out or out.with_suffix(".key")
        files.free(key_path, force=force)
        sealed = None if no_key_passphrase else secrets.fresh("key")
        signer = generate(algorithm.value)
        write_key(key_path, signer, sealed, key_cipher.value, force=force)
    data = request.make(signer, subject, alt)
    files.write(out, data if der else files.pem(request.LABELS[0], data), force=force)
    sys.stdout.write(f"{out}\n")
