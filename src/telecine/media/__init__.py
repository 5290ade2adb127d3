"""Path in, path out: everything that opens media.

Media is hostile until proved otherwise, so it is opened in confined processes only: programs
through `media.ffmpeg`, libraries through `media.pool`. Nothing here knows a job, an account or
HTTP.
"""
