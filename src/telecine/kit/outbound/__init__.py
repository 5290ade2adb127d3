"""The only outgoing HTTP: webhooks and media at addresses that users give, and the operator's own
servers: a language model (`chat`), and one that syncs lips (`lipsync`).

Other addresses come from strangers, so they are judged before a byte is sent: the spelling
(`targets`), every address that the name has (`addresses`), and the peer that really answered
(`network`). Nothing is read from the environment except the trust store of OpenSSL; no cookies,
no keep-alive, no decompression, and no redirect is followed that was not judged anew.
"""

from __future__ import annotations

from telecine.kit.outbound.addresses import Policy, parse_networks
from telecine.kit.outbound.bodies import OnBytes
from telecine.kit.outbound.cache import Cache
from telecine.kit.outbound.chat import ANYWHERE, Chat, Turn
from telecine.kit.outbound.client import (
    DOWNLOAD_LIMITS,
    WEBHOOK_LIMITS,
    Answer,
    Downloaded,
    Outbound,
    Reply,
)
from telecine.kit.outbound.lipsync import LipSync
from telecine.kit.outbound.network import Limits, Resolver, system_resolver
from telecine.kit.outbound.targets import check_url
from telecine.kit.outbound.versions import Version

__all__ = [
    "ANYWHERE",
    "DOWNLOAD_LIMITS",
    "WEBHOOK_LIMITS",
    "Answer",
    "Cache",
    "Chat",
    "Downloaded",
    "Limits",
    "LipSync",
    "OnBytes",
    "Outbound",
    "Policy",
    "Reply",
    "Resolver",
    "Turn",
    "Version",
    "check_url",
    "parse_networks",
    "system_resolver",
]
