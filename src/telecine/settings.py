"""Every setting: name, default, unit, help. The only reader of the environment.

A setting `max_upload_bytes` is read from `TELECINE_MAX_UPLOAD_BYTES`, or from the file named
by `TELECINE_MAX_UPLOAD_BYTES_FILE` (for secrets). A `TELECINE_` name that is none of ours is
refused: a typing error must not become a silent default.

What an account may do and what work costs is data, in `plans.toml` beside this file;
`TELECINE_PLANS_FILE` names another.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from telecine.kit.errors import TelecineError

_PREFIX = "TELECINE_"
_DATABASE = "telecine.db"
#: Read elsewhere: by the launcher script before Python starts, and by `--key` on the command
#: line. Listed so that they are not refused here.
_NOT_SETTINGS = frozenset({"TELECINE_PYTHON", "TELECINE_VENV", "TELECINE_KEY"})
#: What the decoder says of a value, and the same in words.
_BOUND = re.compile(r"Expected `(?:int|float)` (<=|>=|>|<) ([0-9.]+)")
_BOUNDS = {">=": "{} or more", "<=": "{} or less", ">": "more than {}", "<": "less than {}"}
_KIND = re.compile(r"Expected `(int|float|bool)`, got")
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


class SettingsError(TelecineError):
    """A setting is wrong."""

    code = "settings"


class RenderTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a second of film costs from a size on. `short_edge` is its shorter side, in pixels."""

    quality: str
    short_edge: Annotated[int, Meta(ge=0)]
    credits_per_second: Annotated[float, Meta(ge=0)]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account may do. `families` are the API families that answer it.

    `storage_bytes` is the room for uploads that stay until they are deleted, and as much again for
    projects with their revisions; `max_voiceover_bytes` is the most of an image, and of a sound, of
    a voiceover; `active_renders` how many renders of projects may be under way
    at a time; `minutes_per_month` is how much video may be made clips of.
    """

    label: str
    included_credits: Annotated[int, Meta(ge=0)]
    requests_per_minute: Annotated[int, Meta(ge=1)]
    max_file_bytes: Annotated[int, Meta(ge=1)]
    max_image_bytes: Annotated[int, Meta(ge=1)]
    families: tuple[str, ...]
    max_voiceover_bytes: Annotated[int, Meta(ge=1)] = 50 * 2**20
    storage_bytes: Annotated[int, Meta(ge=0)] = 512 * 2**20
    active_renders: Annotated[int, Meta(ge=1)] = 1
    minutes_per_month: Annotated[int, Meta(ge=0)] = 100


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What work costs, in credits."""

    compress_mib_per_credit: Annotated[float, Meta(gt=0)]
    convert_credits: Annotated[int, Meta(ge=0)]
    clips_credits_per_minute: Annotated[float, Meta(ge=0)] = 1.0
    clips_unmeasured_minutes: Annotated[int, Meta(ge=1)] = 60
    render: Annotated[tuple[RenderTier, ...], Meta(min_length=1)] = (
        RenderTier(quality="720p", short_edge=0, credits_per_second=1.0),
        RenderTier(quality="1080p", short_edge=1080, credits_per_second=1.5),
        RenderTier(quality="2k", short_edge=1440, credits_per_second=2.0),
    )


class AddressLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one client address may ask of the voiceover API in a minute, whoever it is.

    `submissions_per_minute` are those of them that bring a new job.
    """

    requests_per_minute: Annotated[int, Meta(ge=1)] = 600
    submissions_per_minute: Annotated[int, Meta(ge=1)] = 30


class PlanBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of `plans.toml`."""

    prices: Prices
    addresses: AddressLimits = AddressLimits()
    plans: dict[str, Plan]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value for each setting, validated once at the start."""

    data: Annotated[
        str, Meta(description="Folder for the database, files and work in progress.")
    ] = "telecine-data"
    database_url: Annotated[
        str,
        Meta(
            description="SQLAlchemy URL. Empty: SQLite in the data folder. postgresql://… for more than one machine."
        ),
    ] = ""
    storage_url: Annotated[
        str,
        Meta(
            description="Where file bytes are kept. Empty: a folder in the data folder. s3://bucket/prefix?endpoint=…&region=… for a bucket."
        ),
    ] = ""
    host: Annotated[str, Meta(description="Address the API listens on.")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="TCP port of the API; 0 takes a free one.")
    ] = 8000
    workers: Annotated[
        int, Meta(ge=0, le=256, description="Worker processes that `serve` supervises.")
    ] = 2
    public_url: Annotated[
        str,
        Meta(
            description="Address that clients reach the API at: what links in replies and webhooks of the video API begin with, and what `serve` prints. Empty: the host that a client asked at."
        ),
    ] = ""
    plans_file: Annotated[
        str, Meta(description="A plans.toml of your own. Empty: the built-in one.")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least level that is logged: debug, info, warning, error."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "pretty"],
        Meta(description="json, pretty; auto is pretty on a terminal and JSON elsewhere."),
    ] = "auto"
    ffmpeg: Annotated[
        str,
        Meta(
            description="The ffmpeg program, version 7 or later. Empty: the one that is installed with Telecine."
        ),
    ] = ""
    sandbox: Annotated[
        Literal["require", "auto", "off"],
        Meta(
            description="Confine the programs that open media. auto: all layers found on this machine; require: refuse to start where one is missing; off: limits alone."
        ),
    ] = "auto"
    encoder_threads: Annotated[
        int, Meta(ge=0, le=256, description="Threads one encode may use; 0 is one per core.")
    ] = 0
    max_pixels: Annotated[
        int,
        # What the renderer draws at most: what is taken up can be rendered.
        Meta(ge=1, le=420_000_000, description="Most pixels in one picture or video frame."),
    ] = 100_000_000
    max_duration_seconds: Annotated[int, Meta(ge=1, description="Longest video, in seconds.")] = (
        6 * 3600
    )
    max_video_gigapixels: Annotated[
        int,
        Meta(
            ge=1,
            description="Most pixels in all frames of one video, in 10^9. Two hours of 1080p at 30 frames a second are 448.",
        ),
    ] = 2_000
    job_wall_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="Longest time one run of an encoder may take, in seconds; a job may need several.",
        ),
    ] = 6 * 3600
    job_stall_seconds: Annotated[
        int,
        Meta(ge=1, description="An encoder without progress for so long is stopped, in seconds."),
    ] = 120
    job_memory_bytes: Annotated[
        int, Meta(ge=256 * 2**20, description="Address space of one encoder process, in bytes.")
    ] = 8 * 2**30
    job_attempts: Annotated[
        int,
        Meta(
            ge=1, le=20, description="Attempts at a job before it fails, when workers die under it."
        ),
    ] = 3
    render_workers: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="Most processes that share one render; 0 is one for every four cores.",
        ),
    ] = 0
    preview_sessions: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Most compositions that are rendered for previews at the same time, each in a process of its own.",
        ),
    ] = 2
    preview_idle_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="A preview that nobody asked anything of for so long ends its process, in seconds.",
        ),
    ] = 60
    preview_kept_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room in the data folder for rendered segments of previews, in bytes; what was used longest ago goes first.",
        ),
    ] = 2 * 2**30
    max_composition_bytes: Annotated[
        int, Meta(ge=1024, description="Largest composition, in bytes of JSON.")
    ] = 16 * 2**20
    project_revisions: Annotated[
        int, Meta(ge=1, description="Revisions that are kept of a project; older ones are deleted.")
    ] = 1000
    source_cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room in the data folder for files from the web that compositions name, in bytes; what was used longest ago goes first, 0 keeps none.",
        ),
    ] = 4 * 2**30
    whisper_model: Annotated[
        str,
        Meta(
            description="What hears speech: base (99 languages), tiny.en (English, twice as fast, less exact), or a folder with another Whisper model in CTranslate2's format."
        ),
    ] = "base"
    models: Annotated[
        str,
        Meta(
            description="Folder for the models that are fetched when they are first needed, 150 MB for speech. Processes and servers may share it."
        ),
    ] = "~/.cache/telecine/models"
    output_ttl_seconds: Annotated[
        int, Meta(ge=1, description="How long finished files can be downloaded, in seconds.")
    ] = 24 * 3600
    clips_ttl_seconds: Annotated[
        int, Meta(ge=1, description="How long clips can be downloaded, in seconds.")
    ] = 30 * 24 * 3600
    voiceover_ttl_seconds: Annotated[
        int, Meta(ge=1, description="How long voiceovers can be downloaded, in seconds.")
    ] = 30 * 24 * 3600
    webhooks_kept_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="How long deliveries of webhooks can be looked up and sent again after they have ended, in seconds.",
        ),
    ] = 30 * 24 * 3600
    repeat_ttl_seconds: Annotated[
        int,
        Meta(
            ge=1,
            description="How long the answer to a POST with an Idempotency-Key is kept and given again, in seconds.",
        ),
    ] = 24 * 3600
    wait_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="Longest time that a request may wait for a job by Prefer: wait, in seconds; 0: none waits.",
        ),
    ] = 60
    streams: Annotated[
        int,
        Meta(
            ge=0,
            description="Most event streams of jobs, and requests that wait for one, at a time in one API process.",
        ),
    ] = 1000
    streams_per_account: Annotated[
        int, Meta(ge=0, description="Most of them that are one account's.")
    ] = 100
    upload_ttl_seconds: Annotated[
        int,
        Meta(
            ge=60,
            description="How long a resumable upload is kept from its beginning on, finished or not, in seconds.",
        ),
    ] = 2 * 24 * 3600
    worker_timeout_seconds: Annotated[
        int,
        Meta(
            ge=5,
            description="A worker silent for so long is taken for lost, and its jobs go back to the queue; in seconds. The same on all machines.",
        ),
    ] = 30
    allow_networks: Annotated[
        str,
        Meta(
            description="Private networks that outgoing requests may reach, as CIDR, separated by commas: 192.168.1.0/24,10.0.0.5/32"
        ),
    ] = ""
    egress_proxy: Annotated[
        str,
        Meta(
            description="HTTP proxy for all outgoing requests: http://host:port. It then resolves and judges the targets."
        ),
    ] = ""
    llm_url: Annotated[
        str,
        Meta(
            description="Language model that ranks clips and writes their texts: an address of the OpenAI kind, such as http://127.0.0.1:11434/v1. It may be private. Transcripts are sent there; empty: nothing is sent, and rules choose."
        ),
    ] = ""
    llm_model: Annotated[str, Meta(description="Name of the model at that address.")] = ""
    llm_key: Annotated[str, Meta(description="Key for that address, if it wants one.")] = ""
    talking_engine_url: Annotated[
        str,
        Meta(
            description="Lip-sync server of your own that makes portraits talk in voiceovers: http://127.0.0.1:9000/talk. It may be private. Images and sounds are sent there; empty: nothing is sent, and Telecine draws."
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas."
        ),
    ] = ""
    query_key: Annotated[
        bool, Meta(description="Accept ?api_key= on the routes that document it.")
    ] = True

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data).expanduser().resolve()

    @property
    def locks_dir(self) -> Path:
        """Where the processes of one machine that share a data folder keep their locks."""
        return self.data_dir / "locks"

    @property
    def models_dir(self) -> Path:
        """Where fetched models are kept, absolute."""
        return Path(self.models).expanduser().resolve()

    @property
    def resolved_database_url(self) -> str:
        """The database URL in SQLAlchemy's spelling, with the driver named."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / _DATABASE}"
        scheme, separator, rest = self.database_url.partition("://")
        if scheme in {"postgres", "postgresql"}:
            scheme = "postgresql+psycopg"
        return f"{scheme}{separator}{rest}"

    @property
    def resolved_storage_url(self) -> str:
        """The storage URL, `file:///…` for a folder."""
        return self.storage_url or (self.data_dir / "files").as_uri()


def load(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings; `overrides` (command-line options) win over the environment.

    `None` overrides count as not given. Raises `SettingsError` that names the variable.
    """
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    known = set(Settings.__struct_fields__)
    for name, text in source.items():
        if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
            continue
        field = name.removeprefix(_PREFIX).lower()
        if field.endswith("_file") and field not in known:
            field, text = field.removesuffix("_file"), _read(name, Path(text)).strip()
        if field not in known:
            raise SettingsError(
                f"{name} is not a setting of Telecine. `telecine settings` lists them."
            )
        values[field] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        loaded = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(error)) from error
    _check_addresses(loaded)
    return loaded


def _check_addresses(settings: Settings) -> None:
    """Refuse addresses that would be taken without a word, and help nobody."""
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        raise SettingsError(
            "TELECINE_PUBLIC_URL: It must begin with http:// or https://, such as "
            "https://video.example.com."
        )
    for proxy in filter(None, map(str.strip, settings.trusted_proxies.split(","))):
        try:
            ipaddress.ip_address(proxy)
        except ValueError as error:
            raise SettingsError(
                f"TELECINE_TRUSTED_PROXIES: {proxy} is no address; networks and names are not "
                "taken. It is the proxy's as Telecine sees it, such as 127.0.0.1."
            ) from error


def load_plans(settings: Settings) -> PlanBook:
    """Read `plans.toml`: the operator's, else the built-in one."""
    path = (
        Path(settings.plans_file) if settings.plans_file else Path(__file__).with_name("plans.toml")
    )
    try:
        return msgspec.convert(tomllib.loads(_read("TELECINE_PLANS_FILE", path)), PlanBook)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"TELECINE_PLANS_FILE: {path}: {error}") from error


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{name}: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{name}: {path} is no text in UTF-8.") from error


def _explain(error: msgspec.ValidationError) -> str:
    reason, _, path = str(error).partition(" - at `$.")
    if bound := _BOUND.fullmatch(reason):
        reason = f"It must be {_BOUNDS[bound[1]].format(bound[2])}."
    elif kind := _KIND.match(reason):
        reason = f"It must be {_KINDS[kind[1]]}."
    elif reason.startswith("Invalid enum value"):
        *others, last = get_args(get_type_hints(Settings)[path.rstrip("`")])
        reason = f"It must be {', '.join(others)} or {last}."
    return f"{_PREFIX}{path.rstrip('`').upper()}: {reason}" if path else reason
