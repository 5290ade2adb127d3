"""Telecine: one self-hosted server for everything people do to video.

Read `assembly.py` first: it shows which part is given to which.
"""

__version__ = "0.1.0"
