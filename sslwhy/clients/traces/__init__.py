"""What a traceback tells of the call that failed.

The parameters of a failing call still stand in the frames of its traceback: which URL, which ``verify``, which
session, which WSDL imported which schema. Reading them there, after the failure, is what lets the drop-ins add nothing
to a call that succeeds, and lets a caller's own session or adapter be diagnosed as well as ours.
"""
