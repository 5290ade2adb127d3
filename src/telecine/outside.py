"""What reaches out of the machine, built from the settings alone: the client for outgoing
requests, the operator's own servers, and the senses, whose weights are fetched.
"""

from __future__ import annotations

from telecine import shelves
from telecine.kit.errors import InvalidRequestError
from telecine.kit.outbound import (
    ANYWHERE,
    Cache,
    Chat,
    LipSync,
    Outbound,
    Policy,
    check_url,
    parse_networks,
)
from telecine.media.senses import Senses
from telecine.settings import Settings, SettingsError


def outbound(settings: Settings) -> Outbound:
    """Build the one client for outgoing requests."""
    try:
        networks = parse_networks(settings.allow_networks)
    except ValueError as error:
        raise SettingsError(f"TELECINE_ALLOW_NETWORKS: {error}") from error
    try:
        policy = Policy(allow_networks=networks, egress_proxy=settings.egress_proxy or None)
    except ValueError as error:
        raise SettingsError(f"TELECINE_EGRESS_PROXY: {error}") from error
    return Outbound(policy)


def cache(settings: Settings, *, client: Outbound) -> Cache:
    """Build what keeps files from the web, for all processes that share a data folder."""
    return Cache(
        settings.data_dir / "cache", outbound=client, max_bytes=settings.source_cache_bytes
    )


def language_model(settings: Settings) -> Chat | None:
    """Build the client of the operator's language model; None where there is none.

    It has a policy of its own: what strangers' addresses may not reach, this one may.
    """
    if not settings.llm_url:
        return None
    if not settings.llm_model:
        raise SettingsError("TELECINE_LLM_MODEL: name the model at TELECINE_LLM_URL.")
    try:
        check_url(settings.llm_url, policy=ANYWHERE, field="TELECINE_LLM_URL")
    except InvalidRequestError as error:
        raise SettingsError(f"TELECINE_LLM_URL: {error.message}") from error
    try:
        return Chat(
            Outbound(ANYWHERE),
            url=settings.llm_url,
            model=settings.llm_model,
            key=settings.llm_key,
        )
    except ValueError as error:
        raise SettingsError(f"TELECINE_LLM_KEY: {error}") from error


def lip_sync(settings: Settings) -> LipSync | None:
    """Build the client of the operator's lip-sync server, under the language model's policy."""
    if not settings.talking_engine_url:
        return None
    try:
        check_url(settings.talking_engine_url, policy=ANYWHERE, field="TELECINE_TALKING_ENGINE_URL")
    except InvalidRequestError as error:
        raise SettingsError(f"TELECINE_TALKING_ENGINE_URL: {error.message}") from error
    return LipSync(Outbound(ANYWHERE), url=settings.talking_engine_url)


def senses(settings: Settings) -> Senses:
    """Build what hears and sees; its weights are fetched when they are first needed."""
    return Senses(
        ffmpeg=shelves.ffmpeg(settings),
        whisper_model=settings.whisper_model,
        models_dir=settings.models_dir,
        n_threads=settings.encoder_threads,
        most_seconds=settings.max_duration_seconds,
        lip_sync=lip_sync(settings),
    )
