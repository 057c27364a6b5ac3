"""Bounded questions to a server, one ClientHello each: what does it speak, and what does it refuse?

No handshake is ever finished: nothing after the ClientHello is sent but a closing alert, so neither
application data nor a client key can leave.  The functions to use are in :mod:`sslwhy.evidence.prober.survey`
(versions and suites) and :mod:`sslwhy.evidence.prober.questions` (single questions, groups, signature
schemes).
"""
