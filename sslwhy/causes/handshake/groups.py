"""Protocol causes: no key exchange group, or no signature algorithm, in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslwhy.causes import offers
from sslwhy.causes.base import Cause
from sslwhy.causes.handshake import directives
from sslwhy.causes.one_host import one_host
from sslwhy.facts import questions
from sslwhy.facts.peer import ServerFlight
from sslwhy.facts.tls import reasons
from sslwhy.facts.tls.names import TLS_1_3, group_name
from sslwhy.report.values import SERVER_OPERATOR, YOU, Remedy


if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslwhy.causes.case import Case
    from sslwhy.facts.observed import Observed
    from sslwhy.report.values import Finding


class NoSharedGroup(Cause):
    """Client and server have no key exchange group (elliptic curve) in common.

    Seen as:
        ``SSLV3_ALERT_HANDSHAKE_FAILURE``, ``WRONG_CURVE``, ``BAD_KEY_SHARE``.

    What it is:
        Both sides know ECDHE, but the server insists on a group that this client does not offer, a Brainpool curve for
        example, or its certificate's key lies on one.

    How it is found:
        A copy of this client's offer is refused; the same offer with every registered group is accepted, and the server
        names the group that it chose.

    What to do:
        The server enables X25519 or secp256r1. Until then the server's group can be set for this one host.
    """

    code = "no-shared-group"
    topic = "protocol"
    specificity = 72

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the server turned the offer away, or chose a group that was not offered."""
        return observed.reason in reasons.GROUP or offers.turned_away(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where only the group makes the difference."""
        ours = offers.offer_of(case).groups
        chosen = _chosen_group(case)
        if chosen is None or chosen in ours or not ours or not offers.refused_again(case):
            return
        if offers.accepts(offers.survey_of(case).answer(questions.TLS12)):
            return
        name = offers.group_names([chosen])
        yield cls.finding(
            f"{case.evidence.target.authority} insists on the group {name}, which this client does not offer",
            expected=f"one of this client's groups: {offers.group_names(ours)}",
            actual=f"the server chose {name} as soon as it was offered",
            remedies=[
                Remedy(
                    SERVER_OPERATOR, "enable the groups X25519 and secp256r1 (prime256v1)", command=directives.GROUPS
                ),
                _group_remedy(case, chosen),
            ],
        )


_OPENSSL_NAMES = {0x0017: "prime256v1", 0x001D: "X25519", 0x001E: "X448"}
_POST_QUANTUM = range(0x0200, 0x2000)


def _group_remedy(case: Case, group: int) -> Remedy:
    name = group_name(group)
    if group in _POST_QUANTUM:
        return Remedy(YOU, f"use a Python that is linked against OpenSSL 3.5 or later, which knows {name}")
    statements = [f'context.set_ecdh_curve("{_OPENSSL_NAMES.get(group, name.removesuffix("tls13"))}")']
    if TLS_1_3 not in offers.shared_versions(case):
        statements.append("context.maximum_version = ssl.TLSVersion.TLSv1_2")
    text = f"until then, offer {name} alone to this one host; a rare group is less tested, but not weak as such"
    return one_host(case, text, *statements)


def _chosen_group(case: Case) -> int | None:
    """Return the group that the server chose when our offer came with every group, newest version first."""
    answers = map(offers.survey_of(case).answer, (questions.ALL_NEW_GROUPS, questions.ALL_GROUPS))
    return next((each.group for each in answers if isinstance(each, ServerFlight) and each.group is not None), None)


class NoSharedSignatureAlgorithm(Cause):
    """Client and server have no signature algorithm for the handshake in common.

    Seen as:
        ``WRONG_SIGNATURE_TYPE``, ``NO_SUITABLE_SIGNATURE_ALGORITHM``, ``SSLV3_ALERT_HANDSHAKE_FAILURE``.

    What it is:
        The server can sign its key exchange only with an algorithm that this client refuses: SHA-1 or MD5 with
        OpenSSL's security level 2, or DSA.

    How it is found:
        A copy of this client's offer is refused, or its answer is; the same offer with every signature scheme is
        accepted, and in TLS 1.2 the server names the scheme that it signed with.

    What to do:
        The server is updated to one that signs with SHA-256. Until then security level 0 can be allowed for this one
        host; whoever can make SHA-1 collisions could then pose as the server.
    """

    code = "no-shared-signature-algorithm"
    topic = "protocol"
    specificity = 71

    @classmethod
    def explains(cls, observed: Observed) -> bool:
        """Return whether the signature was refused, by either side."""
        return observed.reason in reasons.SIGNATURE or offers.turned_away(observed)

    @classmethod
    def find(cls, case: Case) -> Iterable[Finding]:
        """Yield the finding where our own library said so, or where only the schemes make the difference."""
        survey, ours = offers.survey_of(case), offers.offer_of(case).signature_schemes
        wide = survey.answer(questions.ALL_SIGNATURES)
        told = case.evidence.observed.reason in reasons.SIGNATURE
        proven = isinstance(wide, ServerFlight) and offers.refused_again(case)
        if not told and not proven:
            return
        used = [wide.signature_scheme] if isinstance(wide, ServerFlight) and wide.signature_scheme else []
        theirs = offers.scheme_names(code for code in used if code not in ours)
        yield cls.finding(
            f"{case.evidence.target.authority} signs the handshake with an algorithm that this client refuses",
            expected=f"one of {offers.scheme_names(ours)}, which this client takes ({offers.why_so_little(case)})",
            actual=f"the server signs with {theirs}"
            if used
            else f"this client's library: {case.evidence.observed.reason}",
            remedies=[
                Remedy(SERVER_OPERATOR, "update the TLS library to one that signs with SHA-256 or better"),
                one_host(
                    case,
                    "until then, allow SHA-1 for this one host; whoever makes SHA-1 collisions can pose as the server",
                    'context.set_ciphers("DEFAULT@SECLEVEL=0")',
                ),
            ],
        )
