"""The page at /docs, for people: the OpenAPI document, shown by a script of our own origin."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import HTMLResponse

_SCRIPT = "vendor/scalar/standalone.js"

# Scripts and styles of our own origin alone; the reference page writes style attributes and
# makes workers from blobs.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Telecine API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/reference.css">
</head>
<body>
<div id="reference"></div>
<script src="/static/no-eval.js"></script>
<script src="/static/vendor/scalar/standalone.js"></script>
<script src="/static/reference.js"></script>
</body>
</html>
"""

_MISSING = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Telecine API</title>
<link rel="stylesheet" href="/static/reference.css"></head>
<body><main class="note">
<h1>The reference page is not installed yet</h1>
<p>Its front-end library could not be fetched when Telecine was set up. With a connection, run
<code>./telecine setup</code> and load this page again.</p>
<p>The reference itself is here: <a href="/openapi.json">openapi.json</a>.</p>
</main></body>
</html>
"""


def shown(static: Path) -> HTMLResponse:
    """Return the page, or one that says how its script is fetched where `static` has none."""
    return HTMLResponse(
        _PAGE if (static / _SCRIPT).is_file() else _MISSING,
        headers={"Content-Security-Policy": _POLICY},
    )
