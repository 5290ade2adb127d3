"""The languages that Whisper knows, by its own codes: mostly ISO 639-1, `jw` is Javanese."""

from __future__ import annotations

from typing import Final

from telecine.kit.errors import InvalidRequestError

AUTO: Final = "auto"
_CODES: Final = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha "
    "haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr "
    "ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg "
    "th tk tl tr tt uk ur uz vi yi yo zh"
)
LANGUAGES: Final = tuple(_CODES.split())


def known_to(whisper_model: str) -> tuple[str, ...]:
    """Return what the model of that setting hears. A folder's says more when it is opened."""
    return ("en",) if whisper_model.endswith(".en") else LANGUAGES


def normal(language: str, *, whisper_model: str) -> str:
    """Return a code, or `auto`, without its region: `en` of `en-GB`.

    Raises `InvalidRequestError` for one that the model does not know, with those that it knows.
    """
    code = language.strip().lower().replace("_", "-").partition("-")[0] or AUTO
    known = known_to(whisper_model)
    if code != AUTO and code not in known:
        raise InvalidRequestError(
            f"'language' must be auto or one of {', '.join(known)}.", field="language"
        )
    return code
