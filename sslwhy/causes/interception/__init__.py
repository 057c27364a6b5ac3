"""Interception: somebody on the way signs in the place of the server."""
