"""What is seen in a film, and how to show it on a canvas of another shape.

One pass over the film at a low rate (`pictures`) gives its cuts and sampled pictures, a small
network finds the faces in these (`faces`). Faces that follow each other are a track (`tracks`),
tracks choose a layout for each shot (`layouts`), a camera follows them (`camera`), and all of it
becomes a composition like any other (`reframing`): nothing here draws.
"""
