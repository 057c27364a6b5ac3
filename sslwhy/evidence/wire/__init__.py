"""The TLS codec: bytes in, values out, and back.  Pure: no sockets, no clock, no cryptography.

Everything a peer can send is either read or refused with :class:`~sslwhy.evidence.wire.reader.ParseError`.
"""
