"""The demo's cast: a healthy SOAP service and the five faults that support articles list, each on its own server."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sslwhy.demo.loopback import HttpsServer
from sslwhy.demo.pki import DAY, Authority, Identity, self_signed
from sslwhy.demo.soap_service import SoapService


if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "localhost"
_OTHER_NAME = "soap.partner.example"


@dataclass(frozen=True)
class Scene:
    """One server of the demo.

    Attributes:
        title: what is wrong with it, or that nothing is.
        wsdl: the address of its WSDL.
        verify: the CA bundle that its client uses, as ``requests``' ``verify``.
    """

    title: str
    wsdl: str
    verify: str


@contextlib.contextmanager
def scenes() -> Iterator[list[Scene]]:
    """Start every server and yield the scenes, the healthy one first; everything is gone afterwards."""
    root = Authority.root("Demo Root CA")
    issuing = root.intermediate("Demo Issuing CA")
    stranger = Authority.root("Somebody Else's Root CA").intermediate("Somebody Else's Issuing CA")
    good = issuing.issue(_NAME, dns=[_NAME])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sslwhy-demo-")))
        bundle = folder / "demo-root.pem"
        bundle.write_text(root.pem, encoding="ascii")

        def scene(title: str, identity: Identity, *, old: bool = False, with_root: bool = False) -> Scene:
            context = _context(identity, folder, old=old, with_root=with_root)
            server = stack.enter_context(HttpsServer(SoapService(), context))
            return Scene(title, f"{server.url}/service?wsdl", str(bundle))

        yield [
            scene("a healthy service", good),
            scene("the name does not match", issuing.issue(_OTHER_NAME, dns=[_OTHER_NAME])),
            scene(
                "the certificate is not valid any more",
                issuing.issue(_NAME, dns=[_NAME], not_before=-90 * DAY, not_after=-3 * DAY),
            ),
            scene("the root is not trusted", stranger.issue(_NAME, dns=[_NAME]), with_root=True),
            scene("the certificate is self-signed", self_signed(_NAME, dns=[_NAME])),
            scene("no protocol version in common", good, old=True),
        ]


def _context(identity: Identity, folder: Path, *, old: bool, with_root: bool) -> ssl.SSLContext:
    """Return a server's context; an ``old`` one speaks nothing newer than TLS 1.1."""
    file = folder / f"server-{len(list(folder.iterdir()))}.pem"
    file.write_text(identity.chain_pem(root=with_root) + identity.key_pem, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context
