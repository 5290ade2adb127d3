"""The business: rooms in order. jobs > credits | files | webhooks | limits > keys > accounts.

A room is `model.py` (pure rules), `store.py` (its SQL), `service.py` (its verbs). Verbs take
the caller's transaction first and never commit: what must happen together is called together.
"""
