"""The command tree: every command and option on one page, those about accounts on `accounts`.

The bodies import what they need when they are called: `--help` and `--version` answer at
once, and `compress` does not wait for the database engine's imports.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from telecine import __version__, settings
from telecine.cli import accounts, encoding, target
from telecine.cli.accounts import Data
from telecine.cli.encoding import Key, Output, Server
from telecine.kit.errors import InternalError, TelecineError

#: What Telecine is. README and pyproject.toml say it in the same words.
SENTENCE = (
    "A self-hosted server that makes videos smaller, renders them from JSON, cuts talks into "
    "captioned clips, and makes films of a picture and a voice."
)

app = typer.Typer(
    help=SENTENCE,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(accounts.keys, name="keys")
app.add_typer(accounts.credits, name="credits")
app.add_typer(accounts.jobs, name="jobs")
app.add_typer(accounts.webhooks, name="webhooks")


def main() -> None:
    """Run the command line; expected errors are one red line and exit status 1."""
    try:
        app()
    except InternalError as error:
        _tell_of_a_bug(error)
        sys.exit(1)
    except TelecineError as error:
        field = error.field or ""
        is_said = error.message.startswith((field, f"'{field}'"))
        line = Text("" if is_said else f"{field}: ", style="red")
        Console(stderr=True, highlight=False).print(
            line.append(error.message, style=""), soft_wrap=True
        )
        sys.exit(1)


def _tell_of_a_bug(error: InternalError) -> None:
    """Say so in one line, and where it happened if the log is to have everything."""
    console = Console(stderr=True, highlight=False)
    if settings.load().log_level == "debug":
        trace = "".join(traceback.format_exception(error))  # has the notes of a child, too
        console.print(Text(trace), soft_wrap=True, end="")
        return
    reason = "" if error.message == InternalError().message else f" {error.message}"
    line = Text("This is a bug of Telecine.", style="red").append(reason, style="")
    line.append(" TELECINE_LOG_LEVEL=debug shows where it is.", style="")
    console.print(line, soft_wrap=True)


@app.callback(invoke_without_command=True, help=SENTENCE)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    """Answer `--version`, and help where no command is named."""
    if version:
        typer.echo(f"telecine {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("serve")
def serve_command(
    host: Annotated[str | None, typer.Option(help="Address. [TELECINE_HOST, 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 takes a free one. [TELECINE_PORT, 8000]")
    ] = None,
    data: Data = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes. [TELECINE_WORKERS, 2]")
    ] = None,
) -> None:
    """Start the API and its workers."""
    from telecine.cli import serve as implementation

    loaded = settings.load(host=host, port=port, data=data, workers=workers)
    raise typer.Exit(implementation.serve(loaded))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Have nobody look for garbage while a thousand modules are made: they stay."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@app.command(hidden=True)
def api(
    socket: Annotated[int, typer.Option(help="Descriptor of the listening socket.")],
    lifeline: Annotated[int, typer.Option(help="Descriptor that closes with the supervisor.")],
    ready: Annotated[
        int | None,
        typer.Option(help="Prepare the database first, say hello, and write to this descriptor."),
    ] = None,
    called: Annotated[str, typer.Option(help="What begins a line to copy.")] = "telecine",
    workers: Annotated[int | None, typer.Option(help="As many are beside it.")] = None,
    data: Data = None,
) -> None:
    """Run one API process; `serve` starts these."""
    with _uncollected():
        from telecine.cli import processes

    loaded = settings.load(data=data, workers=workers)
    first = None if ready is None else processes.First(ready_fd=ready, called=called)
    processes.api(loaded, socket_fd=socket, lifeline_fd=lifeline, first=first)


@app.command()
def worker(
    id: Annotated[
        str, typer.Option(help="Name of this worker; the same one after a restart.")
    ] = "",
    data: Data = None,
    lifeline: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one worker for a server that is elsewhere."""
    with _uncollected():
        from telecine.cli import processes

    processes.worker(settings.load(data=data), worker_id=id, lifeline_fd=lifeline)


@app.command()
def workers(
    here: Annotated[
        bool, typer.Option("--here", help="End with 1 unless one of this host's is alive.")
    ] = False,
    data: Data = None,
) -> None:
    """Show all workers: who is alive, and what they do."""
    from telecine.cli import admin
    from telecine.cli.calling import host

    is_alive = admin.list_workers(settings.load(data=data), host=host() if here else None)
    raise typer.Exit(int(here and not is_alive))


app.command()(encoding.compress)
app.command()(encoding.convert)


@app.command("voiceover")
def voiceover_command(
    image: Annotated[Path, typer.Argument(help="JPEG, PNG or WebP.", metavar="IMAGE")],
    audio: Annotated[Path, typer.Argument(help="MP3, WAV, M4A or OGG.", metavar="AUDIO")],
    out: Annotated[
        Path | None,
        typer.Argument(help="Result, an .mp4. [AUDIO.mp4]", metavar="OUT", show_default=False),
    ] = None,
    output: Output = None,
    mode: Annotated[
        str, typer.Option(help="auto, still, kenburns, audiogram or talking (experimental).")
    ] = "auto",
    aspect: Annotated[str, typer.Option(help="16:9, 9:16 or 1:1. Default: the image's.")] = "",
    width: Annotated[int | None, typer.Option(help="Pixels, 128-3840.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels, 128-3840.")] = None,
    captions: Annotated[
        bool, typer.Option("--captions", help="Write what is said over the picture.")
    ] = False,
    caption_style: Annotated[
        str, typer.Option(help="How captions look, such as boxed; means --captions, too.")
    ] = "",
    language: Annotated[
        str, typer.Option(help="What is spoken, such as en or de; auto finds it out.")
    ] = "auto",
    server: Server = "",
    key: Key = "",
) -> None:
    """Make a video of an image and a sound, as long as the sound."""
    from telecine.cli import remote, voiceover

    voiceover.voiceover(
        image,
        audio,
        target.chosen(out, output, usual=audio.with_suffix(".mp4")),
        wishes=voiceover.fields(
            mode=mode,
            captions=captions,
            caption_style=caption_style,
            language=language,
            aspect=aspect,
            width=width,
            height=height,
        ),
        remote=remote.named(server, key),
    )


@app.command("transcribe")
def transcribe_command(
    source: Annotated[Path, typer.Argument(help="Video or sound file.", metavar="IN")],
    out: Annotated[
        Path | None,
        typer.Argument(
            help="Result: .srt, .vtt, .txt or .json. [IN.srt]", metavar="OUT", show_default=False
        ),
    ] = None,
    output: Output = None,
    language: Annotated[
        str, typer.Option(help="What is spoken, such as en or de; auto finds it out.")
    ] = "auto",
    quality: Annotated[str, typer.Option(help="fast, balanced or high.")] = "balanced",
) -> None:
    """Write down what is said in a film, or make subtitles of it."""
    from telecine.cli import transcribe

    place = target.chosen(out, output, usual=source.with_suffix(".srt"))
    transcribe.transcribe(source, place, language=language, quality=quality)


@app.command("clips")
def clips_command(
    source: Annotated[Path, typer.Argument(help="Video in which somebody talks.", metavar="IN")],
    out: Annotated[
        Path | None,
        typer.Argument(help="Folder for the clips. [IN-clips]", metavar="OUT", show_default=False),
    ] = None,
    output: Output = None,
    quality: Annotated[str, typer.Option(help="fast, balanced or high.")] = "balanced",
    caption_style: Annotated[
        str, typer.Option(help="How captions look: white_bold, karaoke, boxed …")
    ] = "white_bold",
    captions: Annotated[
        bool, typer.Option("--captions/--no-captions", help="Write what is said over the clips.")
    ] = True,
    language: Annotated[
        str, typer.Option(help="What is spoken, such as en or de; auto finds it out.")
    ] = "auto",
    aspect: Annotated[str, typer.Option(help="9:16, 1:1 or 16:9.")] = "9:16",
    min_duration: Annotated[
        float | None,
        typer.Option(help="Seconds of the shortest clip; 15."),
    ] = None,
    max_duration: Annotated[
        float | None,
        typer.Option(help="Seconds of the longest clip; 90."),
    ] = None,
    max_clips: Annotated[
        int | None,
        typer.Option(help="Most clips; 10.", min=1, max=50),
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(help="Make a clip of this part, such as 12.5-61; more than once for more."),
    ] = None,
    server: Server = "",
    key: Key = "",
) -> None:
    """Make short clips with captions of the best parts of a talk."""
    from telecine.cli import clips, remote

    clips.clips(
        source,
        target.chosen(out, output, usual=source.with_name(f"{source.stem}-clips")),
        clips.Options(
            quality=quality,
            caption_style=caption_style,
            has_captions=captions,
            language=language,
            aspect=aspect,
            min_duration=min_duration,
            max_duration=max_duration,
            max_clips=max_clips,
            segments=segment or (),
        ),
        remote=remote.named(server, key),
    )


@app.command("render")
def render_command(
    composition: Annotated[
        Path, typer.Argument(help="Composition, a JSON file.", metavar="COMPOSITION")
    ],
    out: Annotated[
        Path | None,
        typer.Argument(
            help="Result: .mp4, .webm, .gif, .png, .mp3 or .wav. [COMPOSITION.mp4]",
            metavar="OUT",
            show_default=False,
        ),
    ] = None,
    output: Output = None,
    codec: Annotated[str, typer.Option(help="Of an .mp4: h264 or h265.")] = "h264",
    preset: Annotated[str, typer.Option(help="ultrafast to veryslow.")] = "veryfast",
    crf: Annotated[
        float | None,
        typer.Option(help="Quality on the codec's scale; lower is better."),
    ] = None,
    range: Annotated[str, typer.Option(help="Only these seconds, such as 2-5.5.")] = "",
    size: Annotated[str, typer.Option(help="Scale to WIDTHxHEIGHT, or such as 720p.")] = "",
    workers: Annotated[int, typer.Option(help="Processes that share the work.", min=1, max=64)] = 1,
    frame: Annotated[
        float | None,
        typer.Option(help="Write only the picture at this second, as a PNG."),
    ] = None,
    storyboard: Annotated[
        Path | None,
        typer.Option(help="Write a sheet of pictures of the whole to this PNG."),
    ] = None,
) -> None:
    """Render a composition to a video, a sound or a picture."""
    place = None  # a sheet alone
    if out or output or storyboard is None or frame is not None:
        usual = composition.with_suffix(".mp4" if frame is None else ".png")
        place = target.chosen(out, output, usual=usual)
    from telecine import shelves

    with shelves.renderer(settings.load()) as renderer:
        renderer.warm(n_children=1)  # begun already, where this is the process's command
        from telecine.cli import render

        options = render.Options(
            codec=codec, preset=preset, crf=crf, size=size, span=range, n_workers=workers
        )
        if storyboard is not None:
            render.storyboard(composition, storyboard, options, renderer=renderer)
        if place is not None and frame is not None:
            render.still(composition, place, options, renderer=renderer, seconds=frame)
        elif place is not None:
            render.film(composition, place, options, renderer=renderer)


@app.command()
def validate(
    composition: Annotated[
        Path, typer.Argument(help="Composition, a JSON file.", metavar="COMPOSITION")
    ],
) -> None:
    """Check a composition and list everything that is wrong with it."""
    from telecine.cli import render

    render.validate(composition)


@app.command("preview")
def preview_command(
    composition: Annotated[
        Path, typer.Argument(help="Composition, a JSON file.", metavar="COMPOSITION")
    ],
    opens: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    server: Server = "",
    key: Key = "",
) -> None:
    """Look at a composition in the browser, unrendered."""
    from telecine.cli import preview, remote

    preview.preview(composition, remote=remote.named(server, key), opens=opens)


@app.command("demo")
def demo_command(
    output: Annotated[Path, typer.Option(help="Where the results are kept.")] = Path("demo-output"),
) -> None:
    """Put real jobs through a server and show what comes out."""
    from telecine.cli import demo as implementation

    implementation.run(output)


@app.command("doctor")
def doctor_command(data: Data = None) -> None:
    """Check everything that Telecine needs on this machine."""
    from telecine.cli import doctor as implementation

    sys.exit(implementation.run(settings.load(data=data)))


@app.command("settings")
def show_settings() -> None:
    """List every setting: variable, default, meaning."""
    from telecine.cli import admin

    admin.show_settings()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run all checks and tests; extra words go to pytest."""
    from telecine.cli import testing

    sys.exit(testing.run(context.args))
