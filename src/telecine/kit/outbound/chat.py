"""Questions to a language model behind an OpenAI-compatible address (`/chat/completions`).

The address is the operator's, not a stranger's: it is judged by a policy of its own, and may be
private, as a model in the next container is (`ANYWHERE`). The client of strangers' addresses must
not get that policy. The key is sent nowhere else, since redirects are not followed, and no
message of an error quotes it, or what the server said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from telecine.kit.errors import OutboundError
from telecine.kit.outbound.addresses import Policy, parse_networks
from telecine.kit.outbound.client import Outbound
from telecine.kit.outbound.network import Limits

#: For the operator's own addresses. Addresses of cloud metadata stay closed (see `addresses`).
ANYWHERE = Policy(allow_networks=parse_networks("0.0.0.0/0,::/0"))

CHAT_LIMITS = Limits(connect_seconds=10, read_seconds=120, total_seconds=180)

_MAX_ANSWER_BYTES = 1_000_000
_PATH = "/chat/completions"
_OK = 200
# What servers answer that do not know `response_format`, or not this one.
_UNKNOWN_FIELD = frozenset({400, 415, 422, 501})


#: Who speaks (`system`, `user`, `assistant`), and what is said.
Turn = tuple[str, str]


class _Said(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Said


class _Completion(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...]


class Chat:
    """A model at an address. Safe to share between threads."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        url: str,
        model: str,
        key: str = "",
        limits: Limits = CHAT_LIMITS,
    ) -> None:
        """`url` ends in `/v1` or the like; `/chat/completions` is put after it if missing.

        Raises `ValueError` where the key cannot be sent in a header.
        """
        if not (key.isascii() and key.isprintable()):
            raise ValueError("the key of the language model has characters that no header takes")
        self._outbound = outbound
        self._url = url if url.rstrip("/").endswith(_PATH) else url.rstrip("/") + _PATH
        self._key = key
        self._limits = limits
        self.model = model

    def ask(self, turns: Sequence[Turn], *, name: str, schema: Mapping[str, Any]) -> str:
        """Return the text of the answer: JSON of that `schema`, if the server keeps to it.

        A server that refuses the schema is asked once more without it. Raises `OutboundError`.
        """
        form = {
            "type": "json_schema",
            "json_schema": {"name": name, "strict": True, "schema": schema},
        }
        status, text = self._post({"response_format": form}, turns)
        if status in _UNKNOWN_FIELD:
            status, text = self._post({}, turns)
        if status != _OK:
            raise OutboundError(f"The language model answered with status {status}.")
        return text

    def _post(self, extra: Mapping[str, Any], turns: Sequence[Turn]) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        messages = [{"role": role, "content": content} for role, content in turns]
        answer = self._outbound.ask(
            self._url,
            content=msgspec.json.encode({"model": self.model, "messages": messages, **extra}),
            headers=headers,
            limits=self._limits,
            max_bytes=_MAX_ANSWER_BYTES,
        )
        if answer.status != _OK:
            return answer.status, ""
        try:
            completion = msgspec.json.decode(answer.body, type=_Completion)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise OutboundError("The language model did not answer in its own form.") from error
        if not completion.choices or not completion.choices[0].message.content:
            raise OutboundError("The language model answered with nothing.")
        return answer.status, completion.choices[0].message.content
