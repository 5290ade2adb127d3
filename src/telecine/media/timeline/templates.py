"""Template clips: data in, the dialect's ordinary clips out.

What counts, from the last to the first word: `overrides.data`, `data`, the variant, the
template's defaults. The template clip's own transform, animations and keyframes are not
inherited; `overrides.style` and `overrides.transition` reach every clip that is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.scene import Scene
from telecine.media.timeline.template_pictures import (
    news,
    product_intro,
    slideshow,
    subtitle_video,
    talking_head,
)
from telecine.media.timeline.template_stage import PALETTES, Json, Stage
from telecine.media.timeline.template_words import (
    comparison,
    countdown,
    listing,
    quote,
    text_reveal,
)

#: Clips of one template lie this far apart, so that none gets between those of another zIndex.
_Z_STEP: Final = 1e-4

TEMPLATES: Final[dict[str, Callable[[Stage], None]]] = {
    "product-intro": product_intro,
    "slideshow": slideshow,
    "subtitle-video": subtitle_video,
    "talking-head": talking_head,
    "comparison": comparison,
    "countdown": countdown,
    "text-reveal": text_reveal,
    "news": news,
    "quote": quote,
    "list": listing,
}


def expand(
    node: Node, *, scene: Scene, start: float, duration: float, z_index: float
) -> list[Json]:
    """Return the clips of a template clip, from the back to the front.

    `start` and `duration` are in seconds; what is wrong with the data is reported where it is.
    """
    named = node.required("template", allowed=", ".join(TEMPLATES))
    name = None if named is None else named.choice(tuple(TEMPLATES))
    data = node.required("data", allowed="an object")
    if name is None or data is None:
        return []
    overrides = node.node("overrides")
    stage = Stage(
        width=scene.width,
        height=scene.height,
        start=start,
        duration=duration,
        shortest=float(1 / scene.frame_rate),
        data=overrides.node("data").above(data.fields()),
        palette=PALETTES[_variant(node)],
    )
    TEMPLATES[name](stage)
    lift = overrides.number("zIndexOffset", 0.0, low=-1e9, high=1e9)
    for index, clip in enumerate(stage.clips):
        clip["zIndex"] = z_index + lift + index * _Z_STEP
        if clip["type"] != "audio":
            _override(clip, overrides)
    return stage.clips


def _variant(node: Node) -> str:
    value = node.get("variant")
    if value is None:
        return "default"
    if isinstance(value.raw, str) and value.raw in PALETTES:
        return value.raw
    value.warn("VARIANT", "No variant has this name; drawn as default.", allowed=_VARIANTS)
    return "default"


_VARIANTS: Final = ", ".join(PALETTES)


def _override(clip: Json, overrides: Node) -> None:
    if overrides.has("style"):
        style = overrides.node("style")
        own = clip.get("style")
        given: dict[str, Value | None] = {name: style.get(name) for name in style.raw}
        clip["style"] = {**(own if isinstance(own, dict) else {}), **given}
    if clip.get("transition") is None:
        clip["transition"] = overrides.get("transition")
