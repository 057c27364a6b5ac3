"""Private keys by name; RSA keys come from a pool that each process fills once."""

from __future__ import annotations

import functools
import itertools
import subprocess
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa


if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslwhy.demo.pki import PrivateKey


_POOL = 6  # RSA keys kept per size: neighbours in a chain never share one


def new(kind: str = "p256") -> PrivateKey:
    """A key: p256, p384, p521, ed25519, ed448, rsa-512, rsa-1024, rsa-2048, rsa-3072 or rsa-4096.

    RSA keys repeat after six of a size; the others are always new.
    """
    if kind.startswith("rsa-"):
        return _pooled(int(kind[4:]), next(_turns(kind)))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


@functools.cache
def _turns(kind: str) -> Iterator[int]:
    del kind  # one counter for each
    return itertools.cycle(range(_POOL))


@functools.cache
def _pooled(bits: int, number: int) -> rsa.RSAPrivateKey:
    del number  # one key for each
    if bits >= 1024:
        return rsa.generate_private_key(65537, bits)
    command = ["openssl", "genrsa", str(bits)]  # cryptography makes no key this small
    pem = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
