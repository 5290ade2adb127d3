"""The documents are held to the code: what can be set, called, sent or answered is written down.

Each test walks the code and looks for the words; so a new setting without its line fails here,
not in front of a reader.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from telecine.api.clips import wire as clip_wire
from telecine.api.compress import wire
from telecine.api.family import Endpoint, Family
from telecine.api.projects import wire as project_wire
from telecine.api.routes import ENDPOINTS, FAMILIES
from telecine.api.transport.metrics import Metrics
from telecine.api.video import wire as video_wire
from telecine.api.voiceover import wire as voiceover_wire
from telecine.assembly import Telecine
from telecine.cli import SENTENCE, app
from telecine.cli.admin import setting_rows
from telecine.kit.errors import TelecineError
from telecine.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _read(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def _rows(text: str) -> list[list[str]]:
    """The cells of every table line, without their code marks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line[1:-1].split("|")] for line in lines]


def _errors(kind: type[TelecineError] = TelecineError) -> Iterator[type[TelecineError]]:
    if kind.__module__.startswith("telecine."):
        yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def _commands() -> dict[str, Any]:
    """Every command that `--help` shows, under its full name. (Typer's classes are its own.)"""

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", {})
        for part, child in children.items():
            yield from walk(child, f"{name} {part}")
        if not children and not command.hidden:
            yield name, command

    return dict(walk(typer.main.get_command(app), "telecine"))


@pytest.mark.parametrize(("variable", "default"), [row[:2] for row in setting_rows()])
def test_a_setting_is_documented_with_its_default(variable: str, default: str) -> None:
    documented = {row[0]: row[1] for row in _rows(_read("settings.md")) if len(row) == 3}
    assert documented.get(variable) == (default or "(empty)")


@pytest.mark.parametrize(("variable", "_default", "meaning"), setting_rows())
def test_a_setting_is_documented_in_the_words_that_the_command_prints(
    variable: str, _default: str, meaning: str
) -> None:
    documented = {row[0]: row[2] for row in _rows(_read("settings.md")) if len(row) == 3}
    assert documented[variable].startswith(meaning.replace("`", ""))


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = {row[0] for row in _rows(_read("settings.md")) if row[0].startswith("TELECINE_")}
    assert documented == {row[0] for row in setting_rows()}


@pytest.mark.parametrize("error", list(_errors()), ids=lambda error: error.code)
def test_an_error_is_documented_under_its_code(error: type[TelecineError]) -> None:
    documented = {row[0]: row[1] for row in _rows(_read("errors.md"))}
    assert documented.get(error.code) == error.__name__


def test_the_tree_of_errors_was_walked() -> None:
    assert SettingsError in set(_errors())
    assert len(list(_errors())) > 25


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_has_a_status_for_every_error_and_documents_it(family: Family) -> None:
    codes = {error.code for error in _errors()}
    assert codes == set(family.errors)
    rows = _rows(_read(f"{family.name}.md"))
    documented = {row[0]: row[1] for row in rows if row[0] in codes}
    assert documented == {code: str(status) for code, status in family.errors.items()}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.operation_id)
def test_an_endpoint_is_documented(endpoint: Endpoint) -> None:
    page = _read(f"{endpoint.family.name}.md")
    assert f"`{endpoint.method} {endpoint.path}`" in page
    assert f"\n## {endpoint.method} {endpoint.path}\n" in page


@pytest.mark.parametrize(
    "struct",
    [
        wire.CompressForm,
        wire.ConvertForm,
        wire.ConvertQuery,
        wire.Accepted,
        wire.StatusReply,
        wire.InputInfo,
        wire.OutputInfo,
        wire.UsageReply,
        wire.CreditsInfo,
        wire.ErrorReply,
        wire.Event,
    ],
)
def test_every_field_of_the_compress_family_is_documented(struct: type[msgspec.Struct]) -> None:
    page = _read("compress.md")
    named = {name for name in struct.__struct_encode_fields__ if f"`{name}`" in page}
    in_examples = {name for name in struct.__struct_encode_fields__ if f'"{name}":' in page}
    assert named | in_examples == set(struct.__struct_encode_fields__)


@pytest.mark.parametrize(
    "struct",
    [
        *(video_wire.CreateBody, video_wire.ConvertBody, video_wire.RenderBody),
        *(video_wire.UploadForm, video_wire.TaskQuery, video_wire.FileQuery),
        *(video_wire.DryRunQuery, video_wire.Estimate, video_wire.Created, video_wire.Remark),
        *(video_wire.TaskList, video_wire.TaskReply, video_wire.TaskDeleted),
        *(video_wire.RenderReply, video_wire.Uploaded, video_wire.AssetItem),
        *(video_wire.FileList, video_wire.FileDeleted, video_wire.CreditsReply),
        *(video_wire.PreviewCreated, video_wire.PreviewReply, video_wire.PreviewDeleted),
        *(video_wire.Converted, video_wire.Capabilities, video_wire.VideoEvent),
        video_wire.VideoFailure,
    ],
)
def test_every_field_of_the_video_family_is_documented(struct: type[msgspec.Struct]) -> None:
    page = _read("video.md")
    missing = [
        name
        for name in struct.__struct_encode_fields__
        if f"`{name}`" not in page and f'"{name}":' not in page and f"?{name}=" not in page
    ]
    assert missing == []


@pytest.mark.parametrize(
    "struct",
    [
        *(project_wire.ProjectBody, project_wire.ProjectUpdate, project_wire.CompositionPatch),
        *(project_wire.PatchData, project_wire.ProjectCopy, project_wire.ExportBody),
        *(project_wire.ImportForm, project_wire.ExportQuery),
        *(project_wire.Range, project_wire.ChatMessage, project_wire.ChatBody),
        *(project_wire.ListQuery, project_wire.HistoryQuery, project_wire.FullRecord),
        *(project_wire.ProjectReply, project_wire.ProjectList, project_wire.PageInfo),
        *(project_wire.RevisionItem, project_wire.RevisionRecord, project_wire.BegunExport),
        *(project_wire.ExportItem, project_wire.Said, project_wire.Deleted),
        *(project_wire.TemplateItem, project_wire.ProjectFailure, project_wire.ProjectEvent),
    ],
)
def test_every_field_of_the_projects_family_is_documented(struct: type[msgspec.Struct]) -> None:
    page = _read("projects.md")
    named = struct.__struct_encode_fields__
    assert [name for name in named if f"`{name}`" not in page and f'"{name}":' not in page] == []


@pytest.mark.parametrize(
    "struct",
    [
        *(clip_wire.ProcessBody, clip_wire.ProcessForm, clip_wire.Segment, clip_wire.JobQuery),
        *(clip_wire.ProcessAccepted, clip_wire.ClipJob, clip_wire.Clip, clip_wire.TextOutputs),
        *(clip_wire.JobFault, clip_wire.ClipSource, clip_wire.ClipOptions, clip_wire.JobList),
        *(clip_wire.JobItem, clip_wire.OpenedProject, clip_wire.StyleList, clip_wire.StyleItem),
        clip_wire.ClipFailure,
    ],
)
def test_every_field_of_the_clips_family_is_documented(struct: type[msgspec.Struct]) -> None:
    page = _read("clips.md")
    named = struct.__struct_encode_fields__
    assert [name for name in named if f"`{name}`" not in page and f'"{name}":' not in page] == []


@pytest.mark.parametrize(
    "struct",
    [
        *(voiceover_wire.VoiceoverForm, voiceover_wire.VoiceoverQuery),
        *(voiceover_wire.VoiceoverCreated, voiceover_wire.VoiceoverJob),
        *(voiceover_wire.VoiceoverList, voiceover_wire.VoiceoverPagination),
        *(voiceover_wire.VoiceoverCancelled, voiceover_wire.SecretBody),
        *(voiceover_wire.SecretReply, voiceover_wire.VoiceoverFailure),
    ],
)
def test_every_field_of_the_voiceover_family_is_documented(struct: type[msgspec.Struct]) -> None:
    page = _read("voiceover.md")
    named = struct.__struct_encode_fields__
    assert [name for name in named if f"`{name}`" not in page and f'"{name}":' not in page] == []


@pytest.mark.parametrize("name", sorted(_commands()))
def test_a_command_is_documented_with_its_options(name: str) -> None:
    _, found, section = _read("cli.md").partition(f"\n## {name}\n")
    assert found, "no such heading"
    section = section.partition("\n## ")[0]
    options = [
        option
        for parameter in _commands()[name].params
        if parameter.param_type_name == "option" and not parameter.hidden
        for option in parameter.opts
        if option != "--help"
    ]
    assert [option for option in options if f"`{option}`" not in section] == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^## (telecine .+)$", _read("cli.md"), re.MULTILINE)
    assert sorted(headings) == sorted(_commands())


def test_every_metric_is_documented(telecine: Telecine) -> None:
    metrics = Metrics(telecine.services())
    metrics.observe(method="GET", route="/health", status=200, seconds=0.1)
    exposed = re.findall(r"^# TYPE (\S+)", metrics.exposition().decode(), re.MULTILINE)
    page = _read("metrics.md")
    assert len(exposed) >= 5
    assert [name for name in exposed if f"`{name}`" not in page] == []


def test_everybody_says_the_same_of_what_telecine_is() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert readme.startswith(f"# Telecine {SENTENCE}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["description"] == SENTENCE.rstrip(".")
    assert SENTENCE in " ".join(CliRunner().invoke(app, ["--help"]).output.split())


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_the_readme_begins_with_commands_that_exist(command: str) -> None:
    launcher = ROOT / "telecine"
    assert os.access(launcher, os.X_OK)
    assert f"./telecine {command}" in (ROOT / "README.md").read_text("utf-8")
    assert f"telecine {command}" in _commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in _anchors(linked)):
            broken.append(target)
    assert broken == []


def test_the_glossary_has_every_word_once_and_in_order() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)[1:]
    assert len(set(words)) == len(words)
    assert words == sorted(words, key=lambda word: word.partition(" (")[0].lower())


def _anchors(page: Path) -> set[str]:
    """The anchors that code hosts make of headings: lower case, no punctuation, dashes."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_fits_a_page_and_says_the_four_things(page: Path) -> None:
    text = page.read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Choice", "Others weighed", "Consequence"]
    assert len(text.splitlines()) <= 60
    assert f"decisions/{page.name}" in (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert DECISIONS
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
