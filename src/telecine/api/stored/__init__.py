"""A stored file: made of an upload's pieces, its address, its bytes as an answer, its end."""
