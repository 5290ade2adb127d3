"""Telecine: a self-hosted server for video and images, and a renderer of compositions.

Read `assembly.py` first: it shows which part is given to which.
"""

__version__ = "0.1.0"
