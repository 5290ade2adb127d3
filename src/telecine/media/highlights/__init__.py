"""Which stretches of a talk stand alone as clips, what to call them, and three texts of it.

Pure rules on a transcript: no file, no process and no clock is touched here, and the same talk
gives the same clips. Read `choosing` first; `reranking` lets a language model have its say.
"""
