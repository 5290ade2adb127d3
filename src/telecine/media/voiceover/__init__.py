"""One picture and one sound become a composition: nothing here draws.

What was sent is measured (`intake`), made fit for the renderer (`preparing`), and arranged on a
canvas (`canvas`, `arranging`) as an ordinary document in RenderingVideo's dialect (`composing`).
"""
