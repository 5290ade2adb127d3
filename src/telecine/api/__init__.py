"""Doors for clients: translate, decide nothing.

A family is one public dialect (`family.py`); its folder holds the documented JSON (`wire.py`),
its error table (`errors.py`) and its handlers. `routes.py` lists every URL.
"""
