"""A request's body -> JSON, or texts and staged files: streamed, limited, written once.

Knows no account: whether the client may send so much was decided before.
"""
