"""`telecine`, and `python -m telecine`: the command line.

What draws a film takes as long to import as the command line does, and as a short film takes to
draw. So it begins before the command line is read, and the two import side by side.
"""

import gc
import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["render"]:
        from telecine.media.render import attending  # noqa: PLC0415

        attending.begin()
    from telecine import cli  # noqa: PLC0415

    try:
        cli.main()
    finally:
        gc.freeze()  # nobody needs to look for garbage in what ends now


if __name__ == "__main__":
    main()
