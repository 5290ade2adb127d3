"""`telecine`, and `python -m telecine`: the command line.

What draws a film takes as long to import as the command line does, and as a short film takes to
draw. So it begins before the command line is read, and the two import side by side. Ctrl-C while they
do ends the process without a word: there is nothing to put away yet.
"""

import gc
import signal
import sys


def main() -> None:
    """Run the command line."""
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # else it is ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.argv[1:2] == ["render"]:
        from telecine.media.render import attending  # noqa: PLC0415

        attending.begin()
    from telecine import cli  # noqa: PLC0415

    signal.signal(signal.SIGINT, interrupted)
    try:
        cli.main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    finally:
        gc.freeze()  # nobody needs to look for garbage in what ends now


if __name__ == "__main__":
    main()
