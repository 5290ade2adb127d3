"""Timeline to video: plan -> text and sprites -> sources -> compose -> encode.

`plan` works out what is drawn where on every frame; text, shapes and images are rasterised
once; decoded video and sprites are composed straight in planar YUV 4:2:0, so that no frame is
ever RGB; the encoder runs beside it. `reference` draws the same plan slowly in RGBA: what it
shows is what the fast path is tested against.
"""
