"""Which suites are run: the source distribution, its SHA-256, and what its tests need beside it.

The requirements are pinned to releases with which the suite passes: a suite that fails by itself compares nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """One library's test suite.

    Attributes:
        name: The distribution.
        version: Its release.
        sha256: The hash of its source distribution, in hexadecimal.
        extras: The extras that its tests use.
        needs: What its tests import beside the library.
        whole_messages: Tests that compare the whole of `str(exception)`. That text is ours in an enriched exception:
            the library's message is in it, with what failed before it and the code behind it.
        fails_over_tls: Whether some of its tests have TLS fail, so that a diagnosis takes place.
    """

    name: str
    version: str
    sha256: str
    extras: tuple[str, ...]
    needs: tuple[str, ...]
    whole_messages: frozenset[str] = frozenset()
    fails_over_tls: bool = True

    @property
    def folder(self) -> str:
        """The folder inside the source distribution."""
        return f"{self.name}-{self.version}"

    @property
    def archive(self) -> str:
        """The file name of the source distribution."""
        return f"{self.folder}.tar.gz"

    @property
    def requirement(self) -> str:
        """The line for pip: a file with another hash is refused before anything in it is run."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


SUITES = (
    Suite(
        name="requests",
        version="2.34.2",
        sha256="f288924cae4e29463698d6d60bc6a4da69c89185ad1e0bcc4104f584e960b9ed",
        extras=("socks",),
        needs=("pytest==9.2.0", "pytest-httpbin==2.1.0", "httpbin==0.10.4", "pytest-mock==3.17.0", "trustme==1.2.1"),
        whole_messages=frozenset(
            {
                "tests/test_requests.py::TestRequests::test_invalid_ca_certificate_path",
                "tests/test_requests.py::TestRequests::test_invalid_ssl_certificate_files",
            }
        ),
    ),
    Suite(
        name="zeep",
        version="4.3.3",
        sha256="99d5059f92f721020998695fd9c85289ccb03ec5a2398ad49c6dbe43f19cfb94",
        extras=("async", "xmlsec"),
        needs=(
            "pytest==9.2.0",
            "pytest-asyncio==1.5.0",
            "pytest-httpx==0.36.2",
            "requests-mock==1.12.1",
            "freezegun==1.5.5",
            "pretend==1.0.9",
        ),
        fails_over_tls=False,
    ),
    Suite(
        name="httpx",
        version="0.28.1",
        sha256="75e98c5f16b0f35b567856f597f06ff2270a374470a5c2392242528e3e3e42fc",
        extras=("brotli", "cli", "http2", "socks", "zstd"),
        needs=(
            "pytest==8.3.4",
            "trio==0.27.0",
            "trio-typing==0.10.0",
            "trustme==1.2.0",
            "uvicorn==0.32.1",
            "chardet==5.2.0",
            "click==8.1.8",
            "cryptography==44.0.1",
        ),
        fails_over_tls=False,
    ),
)
