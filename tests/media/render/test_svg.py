"""SVG: what strangers send is drawn, or refused; nothing is ever opened for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.render.layers import (
    RED,
    colour_at,
    drawn,
    ink,
    layer_of,
    near,
    sprites,
)

from telecine.kit.errors import (
    InvalidRequestError,
    MediaError,
    MediaLimitError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.render.decoding.facts import probe_source
from telecine.media.render.drawing.icons import icon_names, icon_sets
from telecine.media.render.drawing.pixels import Rgba
from telecine.media.render.drawing.svgclean import clean_svg
from telecine.media.timeline.model import Colour, Crop, Icon, Image, Source, Style, Svg

_OPENED: list[str] = []
_WATCHES = [False]
_DOORS = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec")


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _WATCHES[0] and event in _DOORS:
        _OPENED.append(f"{event} {arguments[:1]}")


sys.addaudithook(_watch)


@contextmanager
def nothing_is_opened() -> Iterator[None]:
    _OPENED.clear()
    _WATCHES[0] = True
    try:
        yield
    finally:
        _WATCHES[0] = False
    assert _OPENED == []


def test_the_watch_on_open_files_sees_one() -> None:
    with pytest.raises(AssertionError), nothing_is_opened():
        Path(__file__).read_bytes()


def svg(inside: str, *, attributes: str = 'viewBox="0 0 100 100"') -> Svg:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return Svg(svg=f"<svg {names} {attributes}>{inside}</svg>", source=None)


def shown(inside: str, **fields: str) -> Rgba:
    """Draw into a box of 100 x 100 without a margin."""
    return drawn(layer_of(svg(inside, **fields), size=(100, 100)), margin=0)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="40" height="30"', (40, 30)),
        ('width="40px" height="30px" viewBox="0 0 1 1"', (40, 30)),
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="10mm" height="72pt"', (37.795, 96)),
        ('viewBox="0 0 200 50"', (200, 50)),
        ('viewBox="0,0,200,50" width="100%" height="100%"', (200, 50)),
        ('viewBox="0 0 200 50" width="100"', (100, 25)),
        ('viewBox="0 0 200 50" height="100"', (400, 100)),
        ("", (300, 150)),
        ('width="-5" height="nan"', (300, 150)),
        ('width="1e9" height="1e9"', (20_000, 20_000)),
        ('viewBox="0 0 0 0"', (300, 150)),
        ('viewBox="nan 0 inf 10"', (300, 150)),
    ],
)
def test_a_drawing_has_a_size_of_its_own(attributes: str, size: tuple[float, float]) -> None:
    drawing = svg("", attributes=attributes)
    assert sprites().svg_size(drawing) == pytest.approx(size, rel=1e-4)


def test_a_drawing_fills_its_box() -> None:
    inside = '<rect width="50" height="100" fill="red"/>'
    rgba = drawn(layer_of(svg(inside), size=(60, 60)))
    assert ink(rgba) == (40, 40, 70, 100)
    assert colour_at(rgba, 50, 70) == (255, 0, 0, 255)


def test_a_drawing_is_fitted_as_the_style_says() -> None:
    drawing = svg('<rect width="100" height="100" fill="red"/>')
    boxes = {"contain": (70, 40, 130, 100), "fill": (40, 40, 160, 100), "cover": (40, 40, 160, 100)}
    for fit, box in boxes.items():
        style = Style(fit=fit)  # type: ignore[arg-type]
        assert ink(drawn(layer_of(drawing, size=(120, 60), style=style))) == box


@pytest.mark.parametrize("sides", ['rx="40" ry="20"', 'rx="40px"', 'rx="40" ry="20" cx="50px"'])
def test_an_ellipse_is_filled_with_a_gradient(sides: str) -> None:
    centre = ' cy="50"' if "cx" in sides else ' cx="50" cy="50"'
    inside = (
        '<linearGradient id="g"><stop stop-color="#f00"/><stop offset="1" stop-color="#00f"/>'
        f'</linearGradient><ellipse {sides}{centre} fill="url(#g)"/>'
    )

    rgba = drawn(layer_of(svg(inside), size=(100, 100)), margin=0)

    left, right = colour_at(rgba, 15, 50), colour_at(rgba, 85, 50)
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]
    assert colour_at(rgba, 5, 50)[3] == 0
    assert (colour_at(rgba, 50, 75)[3] == 0) == ("ry" in sides)


def test_rounded_corners_cut_a_drawing() -> None:
    drawing = svg('<rect width="100" height="100" fill="red"/>')
    style = Style(corner_radii=(50, 50, 50, 50))
    rgba = drawn(layer_of(drawing, size=(100, 100), style=style), margin=0)
    assert colour_at(rgba, 3, 3)[3] == 0
    assert colour_at(rgba, 50, 50) == (255, 0, 0, 255)


@pytest.mark.parametrize(
    ("inside", "colour"),
    [
        ('<rect fill="#00f" width="100" height="100"/>', (0, 0, 255, 255)),
        ('<rect fill="hsl(120,100%,50%)" width="100" height="100"/>', (0, 255, 0, 255)),
        ('<rect fill="#0000ff80" width="100" height="100"/>', (0, 0, 128, 128)),
        ('<rect style="fill:blue;opacity:.5" width="100" height="100"/>', (0, 0, 128, 128)),
        ('<rect fill="red" style="fill:blue!important" width="100" height="100"/>', (0, 0, 255, 255)),
        ('<g fill="red"><rect width="100" height="100"/></g>', (255, 0, 0, 255)),
        ('<style>.a{fill:#0f0}</style><rect class="b a" width="100" height="100"/>', (0, 255, 0, 255)),
        ("<style>rect{fill:red}#i{fill:lime}.a{fill:blue}</style>"
         '<rect id="i" class="a" width="100" height="100"/>', (0, 255, 0, 255)),
        ("<style><![CDATA[/* x */ .a, .b { fill : blue ; }]]></style>"
         '<rect class="b" fill="red" width="100" height="100"/>', (0, 0, 255, 255)),
        ('<defs><rect id="r" width="100" height="100" fill="lime"/></defs><use href="#r"/>',
         (0, 255, 0, 255)),
        ('<defs><rect id="r" width="100" height="100" fill="lime"/></defs><use xlink:href="#r"/>',
         (0, 255, 0, 255)),
        ('<symbol id="s" viewBox="0 0 2 2"><rect width="2" height="2" fill="lime"/></symbol>'
         '<use href="#s" width="100" height="100"/>', (0, 255, 0, 255)),
        ('<linearGradient id="g"><stop stop-color="rgb(0 0 255)"/></linearGradient>'
         '<rect fill="url(#g)" width="100" height="100"/>', (0, 0, 255, 255)),
        ("<a href='https://example.com'><rect fill='blue' width='100' height='100'/></a>",
         (0, 0, 255, 255)),
        ('<clipPath id="c"><rect width="100" height="100"/></clipPath>'
         '<rect clip-path="url(\'#c\')" fill="blue" width="900" height="900"/>', (0, 0, 255, 255)),
    ],
)  # fmt: skip
def test_what_programs_write_is_drawn(inside: str, colour: tuple[int, ...]) -> None:
    assert near(colour_at(shown(inside), 50, 50), colour, by=1)


def test_a_symbol_is_placed_and_scaled_by_what_uses_it() -> None:
    inside = (
        '<symbol id="s" viewBox="10 10 4 2"><rect x="10" y="10" width="4" height="2"/></symbol>'
        '<use href="#s" x="20" y="40" width="40" height="40"/>'
    )
    assert ink(shown(inside)) == (20, 50, 60, 70)


def test_a_symbol_alone_is_not_drawn() -> None:
    assert ink(shown('<symbol id="s"><rect width="50" height="50"/></symbol>')) == (0, 0, 0, 0)


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '<image href="file:///etc/passwd" width="100" height="100"/>',
    "image by http": '<image xlink:href="http://127.0.0.1:1/x.png" width="100" height="100"/>',
    "image in data": '<image href="data:image/png;base64,AAAA" width="10" height="10"/>',
    "use elsewhere": '<use href="file:///etc/passwd#x"/><use xlink:href="http://h/x.svg#x"/>',
    "foreign object": '<foreignObject><iframe src="http://h/"/></foreignObject>',
    "paint elsewhere": '<rect width="9" height="9" fill="url(http://h/#g)" mask="url(x.svg#m)"/>',
    "style import": "<style>@import url(http://h/x.css); @font-face{src:url(http://h/f)}</style>",
    "style paint": '<rect style="fill:url(http://h/x);background:url(http://h/)"/>',
    "handler": '<rect width="9" height="9" onload="alert(1)"/>',
    "filter image": '<filter id="f"><feImage href="file:///etc/passwd"/></filter>'
    '<rect filter="url(#f)" width="9" height="9"/>',
    "animation": '<rect width="9" height="9"><set attributeName="href" to="file:///x"/></rect>',
    "stylesheet": '<?xml-stylesheet href="http://h/x.css"?>',
    "other names": '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_references_to_elsewhere_are_left_out_and_nothing_is_opened(name: str) -> None:
    content = svg(f'<rect width="20" height="20" fill="red"/>{HOSTILE[name]}')
    drawer = sprites()
    layer = layer_of(content, size=(100, 100))
    drawer.pixels(layer_of(svg("<g/>"), size=(10, 10)))  # what is imported late is imported now
    with nothing_is_opened():
        pixels = drawer.pixels(layer)
    assert pixels.rgba[..., 3].any()
    assert content.svg is not None
    markup = clean_svg(content.svg.encode(), field=None).markup.decode()
    for word in ("script", "file:", "http://h", "127.0.0.1", "data:", "alert", "iframe", "image"):
        assert word not in markup.lower()


REFUSED = {
    "billion laughs": '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<svg xmlns="http://www.w3.org/2000/svg">&b;</svg>',
    "entity of a file": '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    "parameter entity": '<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://127.0.0.1:1/d"> %p;]><svg/>',
    "uses itself": '<svg xmlns:xlink="x"><g id="a"><use xlink:href="#a"/></g></svg>',
    "a ring of uses": '<svg><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></svg>',
    "a pattern of itself": '<svg><pattern id="p" width="9" height="9">'
    '<rect width="9" height="9" fill="url(#p)"/></pattern></svg>',
    "a mask of itself": '<svg><mask id="m"><rect mask="url(#m)"/></mask></svg>',
    "a clip of itself": '<svg><clipPath id="c" clip-path="url(#c)"><rect/></clipPath></svg>',
    "a gradient of itself": '<svg><linearGradient id="g" href="#g"/></svg>',
    "a style of itself": "<svg><style>.p{fill:url(#p)}</style>"
    '<pattern id="p"><rect class="p"/></pattern></svg>',
    "doubling uses": "<svg><defs>"
    + "".join(f'<g id="g{n}"><use href="#g{n + 1}"/><use href="#g{n + 1}"/></g>' for n in range(30))
    + '<rect id="g30" width="1" height="1"/></defs><use href="#g0"/></svg>',
    "patterns for all": '<svg><pattern id="p">' + "<rect/>" * 1000 + "</pattern>"
    f'<g fill="url(#p)">{"<rect/>" * 1000}</g></svg>',
    "a deep tree": "<svg>" + "<g>" * 5000 + "</g>" * 5000 + "</svg>",
    "a deep tree of strangers": "<svg>" + "<x>" * 5000 + "</x>" * 5000 + "</svg>",
    "a long chain": "<svg>"
    + "".join(f'<g id="g{n}"><use href="#g{n + 1}"/></g>' for n in range(400))
    + "</svg>",
    "many elements": "<svg>" + "<g/>" * 60_000 + "</svg>",
    "many filters": "<svg><filter>" + "<feGaussianBlur/>" * 2000 + "</filter></svg>",
    "html": "<html><body/></html>",
    "no xml": "GIF89a",
    "nothing": "",
    "cut off": '<svg><rect width="5"',
    "an undeclared entity": "<svg>&nbsp;</svg>",
}


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_and_broken_files_are_refused_at_once(name: str) -> None:
    content = Svg(svg=REFUSED[name], source=None, path="tracks[0].clips[0].svg")
    drawer, started = sprites(), time.process_time()
    with nothing_is_opened(), pytest.raises(MediaError) as caught:
        drawer.pixels(layer_of(content, size=(100, 100)))
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
    assert caught.value.field == "tracks[0].clips[0].svg"


def test_a_bomb_says_what_is_wrong_with_it() -> None:
    with pytest.raises(UnsupportedMediaError, match="entities"):
        clean_svg(REFUSED["billion laughs"].encode(), field="f")
    with pytest.raises(MediaLimitError, match="refers to itself"):
        clean_svg(REFUSED["uses itself"].encode(), field="f")
    with pytest.raises(UndecodableMediaError, match="well-formed"):
        clean_svg(REFUSED["cut off"].encode(), field="f")


def test_a_style_sheet_of_very_many_rules_takes_no_time() -> None:
    rules = "".join(f".a{n},.b{{fill:red}}" for n in range(5_000))
    shapes = '<rect class="b"/>' * 4_000
    data = f"<svg><style>{rules}</style>{shapes}</svg>".encode()
    started = time.process_time()
    clean_svg(data, field=None)
    assert time.process_time() - started < 30  # it ends: no figure, machines differ


def test_extreme_numbers_are_no_crash() -> None:
    for number in ("1e38", "-1e38", "nan", "inf", "1e-38", "99999999999999999999999"):
        shown(
            f'<rect x="{number}" width="{number}" height="{number}" rx="{number}"/>'
            f'<g transform="scale({number}) rotate({number})"><circle r="{number}"/></g>'
            f'<path d="M0 0 L{number} {number} A{number} 1 0 0 1 5 5" stroke="red" '
            f'stroke-width="{number}" stroke-dasharray="{number} 1e-9"/>'
            f'<filter id="f"><feGaussianBlur stdDeviation="{number}"/></filter>'
            '<rect filter="url(#f)" width="50" height="50"/>'
        )


_PIECES = st.sampled_from(
    ["<svg", "<g>", "</g>", "<use ", 'href="#a"', ' id="a"', ">", "/>", "<rect", ' fill="url(#a)"',
     "<style>", "</style>", ".a{fill:red}", "<pattern", ' viewBox="0 0 1 1"', "&#x0;", "&amp;",
     "<!DOCTYPE svg>", "<![CDATA[", "]]>", "<!--", "<text>", "a b", "<tspan x='3 4'>", "</tspan>", "-->", ' width="5"', "</svg>", "\0", "<symbol"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_any_markup_is_drawn_or_refused(markup: str) -> None:
    try:
        shown(f"{markup}")
        drawn(layer_of(Svg(svg=markup, source=None), size=(8, 8)))
    except MediaError:
        pass


def test_a_file_is_read_and_its_mistakes_name_the_source(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.svg", tmp_path / "b.svg"
    good.write_text('<svg viewBox="0 0 10 10"><rect width="10" height="10" fill="red"/></svg>')
    bad.write_bytes(b"\x89PNG")
    content = Svg(svg=None, source=Source(src=str(good), path="tracks[0].clips[0].src"))
    assert ink(drawn(layer_of(content, size=(50, 50)))) == (40, 40, 90, 90)
    content = Svg(svg=None, source=Source(src=str(bad), path="tracks[0].clips[0].src"))
    with pytest.raises(UndecodableMediaError) as caught:
        sprites().svg_size(content)
    assert caught.value.field == "tracks[0].clips[0].src"


def test_an_image_clip_shows_a_drawing_too(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"  # names say nothing
    path.write_text(
        '<?xml version="1.0"?><svg width="30" height="15"><rect width="9" height="15"/></svg>'
    )
    facts = probe_source(path)
    assert (facts.width, facts.height, facts.is_animated) == (30, 15, False)
    content = Image(source=Source(src=str(path), path="tracks[0].clips[0].src"))
    assert ink(drawn(layer_of(content, size=(60, 30)))) == (40, 40, 58, 70)


def test_a_drawing_is_cropped_before_it_is_fitted() -> None:
    drawing = svg('<rect x="50" width="50" height="50" fill="red"/>')
    style = Style(crop=Crop(left=0.5, bottom=0.5))
    rgba = drawn(layer_of(drawing, size=(60, 60), style=style))
    assert ink(rgba) == (40, 40, 100, 100)
    assert colour_at(rgba, 98, 98) == (255, 0, 0, 255)


@pytest.mark.parametrize(("anchor", "left"), [("start", 50), ("middle", 35), ("end", 20)])
def test_text_is_drawn_from_its_anchor(anchor: str, left: int) -> None:
    # Three cells of a face that is 0.6 wide, the last one bold and in a tspan.
    inside = (
        f'<text x="50" y="50" font-family="monospace" text-anchor="{anchor}"'
        ' font-size="16.6667">HH<tspan font-weight="bold" fill="red">H</tspan></text>'
    )
    found = ink(shown(inside))
    assert (found[0], found[2]) == pytest.approx((left, left + 30), abs=2.5)
    assert found[3] == 50
    assert colour_at(shown(inside), left + 22, 44)[0] > 100


def test_text_is_styled_by_what_is_around_it_and_by_sheets() -> None:
    inside = (
        "<style>.t{font-size:40px;font-family:Inter}</style>"
        '<g class="t" fill="lime"><text y="60">H<tspan x="50" dy="30"> H\n</tspan></text></g>'
    )
    rgba = shown(inside)
    left, top, _, bottom = ink(rgba)
    assert (left, top, bottom) == pytest.approx((3, 31, 90), abs=2)
    assert tuple(rgba[45, 6]) == (0, 255, 0, 255)


def test_text_is_bounded_and_never_a_crash() -> None:
    started = time.process_time()
    shown(f'<text y="9">{"x " * 100_000}</text>')
    shown("<text>" + "<tspan>a</tspan>" * 20_000 + "</text>")
    for odd in ("nan", "-1e30", "1e30", "inf", "0"):
        shown(f'<text x="{odd}" dy="{odd} 2" font-size="{odd}" font-weight="{odd}">a🙂ש</text>')
    shown(
        '<text><rect width="9"/><textPath href="#p">x</textPath><text>y</text></text><tspan>z</tspan>'
    )
    assert time.process_time() - started < 30  # it ends: no figure, machines differ


def test_drawings_in_other_encodings_are_read(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-16"?><svg width="7" height="9"><title>é漢</title></svg>'
    )
    drawing = clean_svg(text.encode("utf-16"), field=None)
    assert (drawing.width, drawing.height) == (7, 9)


def test_every_icon_of_the_bundled_sets_can_be_drawn() -> None:
    assert {"lucide", "mdi"} <= set(icon_sets())
    drawer = sprites()
    for name in icon_sets():
        for short in icon_names(name)[::400]:
            icon = Icon(name=f"{name}:{short}", colour=RED)
            pixels = drawer.pixels(layer_of(icon, size=(24, 24)))
            assert pixels.rgba[..., 3].max() > 100, icon.name


def test_an_icon_has_one_colour() -> None:
    tint = Colour(red=1, green=0.8, blue=0, alpha=0.5)
    rgba = drawn(layer_of(Icon(name="lucide:house", colour=tint), size=(48, 48)))
    left, top, right, bottom = ink(rgba)
    assert 40 <= left < right <= 88
    assert 40 <= top < bottom <= 88
    solid = rgba[rgba[..., 3] > 126]
    assert len(solid) > 100
    assert (abs(solid.astype(int) - (128, 102, 0, 128)) <= 2).all()


def test_an_alias_is_drawn_like_its_icon() -> None:
    pictures = [
        drawn(layer_of(Icon(name=f"lucide:{name}", colour=RED), size=(24, 24)))
        for name in ("alarm-check", "alarm-clock-check")
    ]
    assert (pictures[0] == pictures[1]).all()


def test_an_unknown_icon_is_a_problem_that_names_near_ones() -> None:
    icon = Icon(name="lucide:hous", colour=RED)
    with pytest.raises(InvalidRequestError, match="lucide:house") as caught:
        sprites().pixels(layer_of(icon, size=(24, 24)))
    assert caught.value.field == "tracks[0].clips[0]"


def test_an_unknown_icon_set_is_a_problem_that_names_those_there_are() -> None:
    for name in ("nosuch:house", "../../lucide:house", ":house", "house"):
        with pytest.raises(InvalidRequestError, match="lucide"):
            sprites().pixels(layer_of(Icon(name=name, colour=RED), size=(24, 24)))
