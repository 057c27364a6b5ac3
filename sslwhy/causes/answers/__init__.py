"""Answers: what a SOAP Fault or an error page says about TLS at or behind the service. Pure text in, a verdict out."""
