"""Still and animated images through libvips: what is in the file, and the file in another format.

Runs in a confined child process, so descriptors come in and descriptors go out. The order
is the rule: sniff, read the header, judge the pixels, and only then decode. A loader is
named by our own sniffing, never chosen by libvips, so SVG and the other loaders of hostile
complexity cannot be reached.

Where the request says nothing, the result is what the Node library sharp 0.35 makes of it
(same libvips), except: EXIF rotation is applied, width and height together fit inside
instead of cropping, and transparency becomes white instead of black where the output
format has none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import pyvips

from telecine.kit.errors import (
    MediaLimitError,
    ResourceLimitError,
    StorageFullError,
    TelecineError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media import sniffing
from telecine.media.heic import HeicPicture, open_heic
from telecine.media.image_formats import ANIMATED, LONGEST_SIDE, WITHOUT_ALPHA, Fit, Format, saver

# A second layer under the sniffing: libvips itself refuses what it marks as unsafe on
# untrusted input (SVG, CSV, its own format, raw). Its operation cache is of no use where
# every image is new, and would keep whole pictures of one client in memory.
pyvips.block_untrusted_set(True)  # noqa: FBT003 (its own signature)
pyvips.cache_set_max(0)

#: Most frames of an animation: each costs a pipeline, however small it is.
MAX_FRAMES = 2_000
#: A side in pixels, where it is only asked whether a picture can be decoded at all.
_GLANCE = 256

# What libvips and the libraries in it say. An encoder that cannot start lacks memory: sizes
# and settings have been judged by then.
_OUT_OF_RESOURCES = (
    "File too large",
    "out of memory",
    "Insufficient memory",
    "Memory allocation",
    "Encoder plugin",
)
_WHITE = [255, 255, 255]


class ConvertOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `convert_task` reads from its params; pixels count width x height x frames."""

    format: Format
    max_pixels: int
    quality: int | None = None
    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first bytes say. `width` and `height` are one frame, as stored (not turned)."""

    format: str
    loader: str
    width: int
    height: int
    pages: int
    has_alpha: bool
    orientation: int

    @property
    def is_turned(self) -> bool:
        """Whether the EXIF orientation swaps the sides."""
        return self.orientation >= 5

    @property
    def is_animated(self) -> bool:
        """Whether the pages are frames; the pages of a TIFF are not."""
        return self.pages > 1 and self.format in ANIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Sizes in pixels: the picture after scaling, and the canvas that it is cut or padded to."""

    scaled_width: int
    scaled_height: int
    width: int
    height: int


def identify_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Return width and height (as displayed), pages, format, has_alpha and orientation (EXIF).

    Decodes nothing. `format` is one of ours, or `heic`, which is read and never written. Raises `MediaError`s.
    """
    del params, target_fd
    header, _ = _read_header(source_fd)
    width, height = _displayed_size(header)
    return {
        "width": width,
        "height": height,
        "pages": header.pages,
        "format": header.format,
        "has_alpha": header.has_alpha,
        "orientation": header.orientation,
    }


def convert_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Write the image to `target_fd`; return width, height, pages, format and size_bytes.

    `params` are the fields of `ConvertOptions`. The colours come out as 8-bit sRGB, metadata
    and profiles are left behind. Raises `MediaError`s; `ResourceLimitError` and
    `StorageFullError` when memory or room ran out.
    """
    if target_fd is None:
        raise ValueError("convert_task writes to a descriptor")
    options = msgspec.convert(params, ConvertOptions)
    header, opened = _read_header(source_fd)
    width, height = _displayed_size(header)
    geometry = plan(
        width, height, want_width=options.width, want_height=options.height, fit=options.fit
    )
    frames = header.pages if header.is_animated and options.format in ANIMATED else 1
    _judge(header, geometry=geometry, frames=frames, options=options)
    try:
        image = _open(source_fd, opened, header=header, geometry=geometry, frames=frames)
        if frames > 1:
            image = _each_frame(image, frames=frames, header=header, geometry=geometry)
        else:
            image = _shape(image, header=header, geometry=geometry)
        if image.hasalpha() and options.format in WITHOUT_ALPHA:
            image = image.flatten(background=_WHITE)
        _save(image, target_fd, options=options, page_height=geometry.height)
    except pyvips.Error as error:
        raise _explain(error) from error
    return {
        "width": geometry.width,
        "height": geometry.height,
        "pages": frames,
        "format": options.format,
        "size_bytes": os.fstat(target_fd).st_size,
    }


def require_whole(source_fd: int) -> None:
    """Decode a picture, as small as its format gives it, and throw it away; in a child.

    Who calls has judged its size. Raises `UndecodableMediaError` where it is damaged or cut short.
    """
    header, opened = _read_header(source_fd)
    geometry = plan(*_displayed_size(header), want_width=_GLANCE, want_height=_GLANCE, fit="inside")
    try:
        _open(source_fd, opened, header=header, geometry=geometry, frames=1).avg()
    except pyvips.Error as error:
        raise _explain(error) from error


def plan(
    width: int, height: int, *, want_width: int | None, want_height: int | None, fit: Fit
) -> Geometry:
    """Return the sizes that a picture of `width` x `height` gets; it may be enlarged.

    With one wanted side, or none, the aspect is kept whatever `fit` says.
    """
    if want_width is None or want_height is None:
        scale = 1.0
        if want_width is not None:
            scale = want_width / width
        elif want_height is not None:
            scale = want_height / height
        size = want_width or _side(width * scale), want_height or _side(height * scale)
        return _uncut(*size)
    if fit == "fill":
        return _uncut(want_width, want_height)
    scales = want_width / width, want_height / height
    scale = min(scales) if fit in ("inside", "contain") else max(scales)
    scaled = _uncut(_side(width * scale), _side(height * scale))
    if fit in ("inside", "outside"):
        return scaled
    return Geometry(
        scaled_width=scaled.width,
        scaled_height=scaled.height,
        width=want_width,
        height=want_height,
    )


def _side(length: float) -> int:
    return max(1, round(length))


def _uncut(width: int, height: int) -> Geometry:
    return Geometry(scaled_width=width, scaled_height=height, width=width, height=height)


# --- what is in the file ---------------------------------------------------------------------


def _read_header(source_fd: int) -> tuple[Header, pyvips.Image | HeicPicture]:
    start = os.pread(source_fd, sniffing.LOOKED_AT_BYTES, 0)
    if not start:
        raise UndecodableMediaError("The file is empty.", field="file")
    loader = sniffing.image_loader(start)
    if loader is None:
        raise UnsupportedMediaError(
            "This is not an image that can be converted: send JPEG, PNG, WebP, AVIF, HEIC, GIF or TIFF.",
            field="file",
        )
    if loader == "heic":
        return _heic_header(source_fd)
    try:
        image = _load(source_fd, loader)
    except pyvips.Error as error:
        raise _explain(error) from error
    pages = _number(image, "n-pages", 1)
    is_animated = pages > 1 and loader in ANIMATED
    header = Header(
        format=_format(loader),
        loader=loader,
        width=image.width,
        height=image.height,  # of one page: a loader opens the first unless told
        pages=pages,
        has_alpha=bool(image.hasalpha()),
        # Nobody turns animations; browsers do not either.
        orientation=1 if is_animated else _number(image, "orientation", 1),
    )
    return header, image


def _heic_header(source_fd: int) -> tuple[Header, HeicPicture]:
    picture = open_heic(source_fd)
    header = Header(
        format="heic",
        loader="heic",
        width=picture.width,
        height=picture.height,
        pages=1,
        has_alpha=picture.has_alpha,
        orientation=1,
    )
    return header, picture


def _format(loader: str) -> str:
    names = {"jpeg": "jpg", "heif": "avif"}
    return names.get(loader, loader)


def _number(image: pyvips.Image, name: str, default: int) -> int:
    return int(image.get(name)) if image.get_typeof(name) else default


def _load(source_fd: int, loader: str, **options: object) -> pyvips.Image:
    """Open lazily. `fail_on="error"`: a truncated or damaged picture is refused instead of
    coming out half grey, but the mere warnings of many cameras' files are not."""
    os.lseek(source_fd, 0, os.SEEK_SET)
    source = pyvips.Source.new_from_descriptor(source_fd)
    return pyvips.Operation.call(
        f"{loader}load_source", source, access="sequential", fail_on="error", **options
    )


def _displayed_size(header: Header) -> tuple[int, int]:
    return (header.height, header.width) if header.is_turned else (header.width, header.height)


def _judge(header: Header, *, geometry: Geometry, frames: int, options: ConvertOptions) -> None:
    """Refuse before decoding what would decode to too much. Pages that are not decoded (of a
    TIFF, or of an animation that becomes a still) do not count."""
    if frames > MAX_FRAMES:
        raise MediaLimitError(
            f"The animation has {frames} frames; the most is {MAX_FRAMES}.", field="file"
        )
    pixels = header.width * header.height * frames
    if pixels > options.max_pixels:
        raise MediaLimitError(
            f"The image has {pixels} pixels; the most is {options.max_pixels}.", field="file"
        )
    side = "width" if options.width else "height" if options.height else "file"
    largest = max(geometry.scaled_width * geometry.scaled_height, geometry.width * geometry.height)
    if largest * frames > options.max_pixels:
        raise MediaLimitError(
            f"The result would have {largest * frames} pixels; the most is {options.max_pixels}.",
            field=side,
        )
    longest = LONGEST_SIDE[options.format]
    if max(geometry.width, geometry.height) > longest:
        raise MediaLimitError(
            f"{options.format} holds at most {longest} pixels a side; "
            f"the result would be {geometry.width} x {geometry.height}.",
            field=side,
        )


# --- the pipeline ----------------------------------------------------------------------------


def _open(
    source_fd: int,
    opened: pyvips.Image | HeicPicture,
    *,
    header: Header,
    geometry: Geometry,
    frames: int,
) -> pyvips.Image:
    """Return the image to work on, already made smaller by its decoder where that can."""
    if isinstance(opened, HeicPicture):
        return opened.decode()
    if frames > 1:
        return _load(source_fd, header.loader, n=-1)
    shrink = _shrink(header, geometry)
    if header.loader == "jpeg" and (factor := _jpeg_factor(shrink)) > 1:
        return _load(source_fd, header.loader, shrink=factor)
    if header.loader == "webp" and shrink > 1:
        return _load(source_fd, header.loader, scale=1 / shrink)
    return opened


def _shrink(header: Header, geometry: Geometry) -> float:
    """How many times smaller both sides become."""
    width, height = _displayed_size(header)
    return min(width / geometry.scaled_width, height / geometry.scaled_height)


def _jpeg_factor(shrink: float) -> int:
    """The largest of libjpeg's factors that leaves something for the better filter to do.

    sharp's rule (`fastShrinkOnLoad`): libvips' own thumbnail would leave a factor of two,
    and decode four times the pixels.
    """
    factor = next((factor for factor in (8, 4, 2) if shrink >= factor), 1)
    # libjpeg rounds sizes up: an exact factor could come out a pixel short of the target.
    return factor // 2 if factor > 1 and int(shrink) == factor else factor


def _each_frame(
    image: pyvips.Image, *, frames: int, header: Header, geometry: Geometry
) -> pyvips.Image:
    """Shape the frames one by one, so that no filter mixes the edge of one into the next."""
    if (geometry.width, geometry.height) == (header.width, header.height):
        return _to_srgb(image)
    shaped = []
    for index in range(frames):
        frame = image.crop(0, index * header.height, header.width, header.height)
        # Worked out now, in the order of the source: pipelines waiting for their turn hold
        # six times the memory.
        shaped.append(_shape(frame, header=header, geometry=geometry).copy_memory())
    return cast("pyvips.Image", pyvips.Image.arrayjoin(shaped, across=1))


def _shape(image: pyvips.Image, *, header: Header, geometry: Geometry) -> pyvips.Image:
    """Scale, bring to sRGB, turn upright, cut or pad: the costly steps on the fewest pixels."""
    width, height = geometry.scaled_width, geometry.scaled_height
    if header.is_turned:
        width, height = height, width
    image = _scale(image, width=width, height=height)
    image = _to_srgb(image)
    if header.orientation > 1:
        # Turning reads the rows in another order than a sequential source gives them.
        image = image.copy_memory().autorot()
    if (geometry.width, geometry.height) == (image.width, image.height):
        return image
    if geometry.width > image.width or geometry.height > image.height:
        padding = [*_WHITE, 0] if image.hasalpha() else _WHITE
        return image.gravity(
            "centre", geometry.width, geometry.height, extend="background", background=padding
        )
    left = (image.width - geometry.width) // 2
    top = (image.height - geometry.height) // 2
    return image.crop(left, top, geometry.width, geometry.height)


def _scale(image: pyvips.Image, *, width: int, height: int) -> pyvips.Image:
    if (image.width, image.height) == (width, height):
        return image
    horizontal, vertical = width / image.width, height / image.height
    if not image.hasalpha():
        return image.resize(horizontal, vscale=vertical)
    # Colours under transparent pixels must not bleed into their neighbours.
    scaled = image.premultiply().resize(horizontal, vscale=vertical)
    return scaled.unpremultiply().cast(image.format)


def _to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Convert to 8-bit sRGB by the embedded profile, else by what the file says it is."""
    # XYZ-like spaces cannot carry a profile that means something.
    if image.get_typeof("icc-profile-data") and image.interpretation not in ("labs", "grey16"):
        try:
            image = image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8)
        except pyvips.Error:
            # A profile that does not fit the pixels is common; the picture is still good.
            image = image.colourspace("srgb")
    elif image.interpretation == "cmyk":
        image = image.icc_transform("srgb", input_profile="cmyk", intent="perceptual")
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    # A TIFF may have more bands than colours and one alpha; nobody else knows what they mean.
    return image[:4] if image.bands > 4 else image


# --- the other format ------------------------------------------------------------------------


def _save(
    image: pyvips.Image, target_fd: int, *, options: ConvertOptions, page_height: int
) -> None:
    target = pyvips.Target.new_to_descriptor(target_fd)
    operation, settings = saver(options.format, quality=options.quality, has_alpha=image.hasalpha())
    pyvips.Operation.call(
        operation, image, target, keep="none", page_height=page_height, **settings
    )


def _explain(error: pyvips.Error) -> TelecineError:
    """Turn libvips' words into an error of ours; its own text goes no further."""
    text = error.detail
    if "No space left" in text:
        return StorageFullError()
    if any(words in text for words in _OUT_OF_RESOURCES):
        return ResourceLimitError("The image needs more memory or output space than is allowed.")
    return UndecodableMediaError("The image is damaged or truncated.", field="file")
