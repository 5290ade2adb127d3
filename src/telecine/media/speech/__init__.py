"""What is said in a film, and when: words with times, sentences, subtitle files.

The sound comes out of the file in a confined FFmpeg; the model hears samples only, in a
confined child of its own, and never the network.
"""
