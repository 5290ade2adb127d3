"""What a plan is made of: instants to poses, boxes to matrices, clips to layers and draws.

`ramps`, `presets` and `transitions` say how a clip moves, `poses` puts them together; `boxes`
and `arranging` say where it is; `looks`, `playing` and `pages` what is shown; `shown` turns
that into layers, `nodes` into draws. Nothing here knows pixels.
"""
