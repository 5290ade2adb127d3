"""SVG that reaches out, runs, or grows: everything that a browser or a library might follow."""

from __future__ import annotations

import gzip
from typing import Final

from tests.hostile.canaries import Canaries

_SVG: Final = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
#: So that something is there to be drawn.
_SHAPE: Final = '<rect width="9" height="9" fill="red"/>'


def _drawing(inner: str, *, head: str = "", attributes: str = "") -> bytes:
    size = 'width="40" height="40" viewBox="0 0 40 40"'
    return f"{head}<svg {_SVG} {size} {attributes}>{_SHAPE}{inner}</svg>".encode()


def reaching(canaries: Canaries) -> dict[str, bytes]:
    """Drawings that name a canary, in every place where SVG, CSS or XML take an address."""
    found: dict[str, bytes] = {}
    addresses = {
        "path": str(canaries.picture),
        "file": f"file://{canaries.picture}",
        "http": f"{canaries.url}/a.png",
        "name": canaries.picture.name,
        "slashes": canaries.url.removeprefix("http:") + "/a.png",
        "split": f"{canaries.url[:3]}\t{canaries.url[3:]}/a.png",
    }
    places = {
        "image": '<image width="20" height="20" href="{}"/>',
        "image-xlink": '<image width="20" height="20" xlink:href="{}"/>',
        "use": '<use href="{}#a"/>',
        "fill": '<rect width="20" height="20" fill="url({}#a)"/>',
        "filter": '<rect width="20" height="20" filter="url({}#a)"/>',
        "mask": '<rect width="20" height="20" style="mask:url({}#a)"/>',
        "fe-image": '<filter id="f"><feImage href="{}"/></filter>'
        '<rect width="20" height="20" filter="url(#f)"/>',
        "pattern": '<pattern id="p" xlink:href="{}#a" width="1" height="1"/>'
        '<rect width="20" height="20" fill="url(#p)"/>',
        "import": "<style>@import url('{}');</style>",
        "font": "<style>@font-face{{font-family:x;src:url({})}}</style>"
        '<text y="20" font-family="x">words</text>',
        "css": '<style>rect{{fill:url("{}")}}</style>',
        "foreign": '<foreignObject width="20" height="20"><iframe src="{}"/></foreignObject>',
        "script": '<script href="{}"/>',
        "animate": '<image width="20" height="20"><set attributeName="href" to="{}"/></image>',
        "include": '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{}"/>',
        "cursor": '<rect width="20" height="20" cursor="url({})"/>',
        "tref": '<text y="20"><tref xlink:href="{}#a"/></text>',
    }
    for place, markup in places.items():
        for kind, address in addresses.items():
            found[f"{place}-{kind}"] = _drawing(markup.format(address))
    return {**found, **_declaring(canaries)}


def _declaring(canaries: Canaries) -> dict[str, bytes]:
    """What reaches out before the first element, or by what surrounds it."""
    text, url = f"file://{canaries.text}", canaries.url
    image = f'<image width="20" height="20" href="{canaries.picture}"/>'
    nested = gzip.compress(_drawing(image))
    return {
        "entity": _drawing(
            "<text>&x;</text>", head=f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{text}">]>'
        ),
        "entity-http": _drawing("", head=f'<!DOCTYPE svg SYSTEM "{url}/svg.dtd">'),
        "entity-parameter": _drawing(
            "", head=f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "{url}/x.dtd"> %x;]>'
        ),
        "stylesheet": _drawing("", head=f'<?xml-stylesheet href="{url}/a.css"?>'),
        "transform": _drawing("", head=f'<?xml-stylesheet type="text/xsl" href="{text}"?>'),
        "base": _drawing('<image href="canary.png"/>', attributes=f'xml:base="{url}/"'),
        "handler": _drawing("", attributes=f"onload=\"fetch('{url}')\""),
        "inline": _drawing(f"<script>fetch('{url}')</script>"),
        "utf16": _drawing(image).decode().encode("utf-16"),
        "compressed": nested,
        "prefix": _drawing(image)
        .replace(b"<svg ", b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg' ")
        .replace(b"</svg>", b"</svg:svg>"),
    }


def growing() -> dict[str, bytes]:
    """Drawings of a few kilobytes that mean hours, or gigabytes."""
    doubled = "".join(
        f'<g id="g{n}"><use href="#g{n - 1}"/><use href="#g{n - 1}"/></g>' for n in range(1, 40)
    )
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(9))
    turbulent = "".join(
        f'<filter id="t{n}"><feTurbulence numOctaves="99" baseFrequency="9"/></filter>'
        f'<rect width="40" height="40" filter="url(#t{n})"/>'
        for n in range(20)
    )
    blurred = '<feGaussianBlur stdDeviation="99999"/>' * 2000
    patterns = "".join(
        f'<pattern id="p{n}" width=".01" height=".01"><rect width="9" height="9" '
        f'fill="url(#p{n + 1})"/></pattern>'
        for n in range(60)
    )
    return {
        "doubling": _drawing(f'<g id="g0">{_SHAPE}</g>{doubled}'),
        "laughs": _drawing("<text>&l8;</text>", head=f"<!DOCTYPE svg [{laughs}]>"),
        "loop": _drawing('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        "loop-paint": _drawing(
            '<pattern id="a" width="9" height="9"><rect width="9" height="9" fill="url(#a)"/>'
            '</pattern><rect width="40" height="40" fill="url(#a)"/>'
        ),
        "deep": _drawing("<g>" * 50_000 + "</g>" * 50_000),
        "many": _drawing(_SHAPE * 60_000),
        "turbulence": _drawing(turbulent),
        "blur": _drawing(f'<filter id="f">{blurred}</filter><g filter="url(#f)">{_SHAPE}</g>'),
        "patterns": _drawing(patterns + '<rect width="40" height="40" fill="url(#p0)"/>'),
        "dashes": _drawing(
            '<path d="M0 0H1e9" stroke="red" stroke-width="1" stroke-dasharray="1e-9"/>'
        ),
        "vast": f'<svg {_SVG} width="1e30" height="1e30"><circle r="1e30"/></svg>'.encode(),
        "numbers": _drawing(f'<path d="M{"9" * 100_000}"/><path d="M{"1e999 " * 10_000}"/>'),
        "compressed": gzip.compress(b"<svg>" + b" " * 50_000_000),
    }


def small() -> bytes:
    """A good drawing with something of everything that is drawn."""
    return _drawing(
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient>'
        '<clipPath id="c"><circle r="9"/></clipPath></defs><style>.a{fill:blue}</style>'
        '<g class="a" clip-path="url(#c)"><path d="M0 0L9 9Z" fill="url(#g)"/></g>'
        '<text x="1" y="20" font-size="9">words</text><use href="#c" x="3"/>'
    )
