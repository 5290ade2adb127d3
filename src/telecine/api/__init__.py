"""Doors for clients: translate, decide nothing.

A family is one public dialect (`family.py`); its folder holds its URLs (`endpoints.py`), the
documented JSON (`wire.py`), its error table (`errors.py`) and its handlers. `routes.py` lists the
families. What they share is in the rooms below them, by what a request goes through: `fields` and
`bodies`, `orders`, `compositions`, `answers`.
"""
