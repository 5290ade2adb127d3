"""A program that confines itself and becomes another: `launcher.py <policy as JSON> -- argv…`.

Run by path as `python -I -S`, in a fifth of Python's usual start-up time: of ours it may import
only what needs the standard library alone. It exists because code between fork and exec is
unsafe in a parent that has threads.
"""

import json
import os
import signal
import sys

# src or site-packages, at the end: only `telecine` is looked for there.
sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))  # noqa: PTH100, PTH118, PTH120 (pathlib costs start-up time)

from telecine.media import sandbox

#: Exit status when the walls could not be built.
EXIT_NO_SANDBOX = 125
#: Exit status when the program could not be started.
EXIT_NO_PROGRAM = 126


def main(arguments: list[str]) -> int:
    """Become the program, or return an exit status of ours."""
    if arguments == ["--try"]:
        sys.stdout.write(json.dumps(sandbox.try_layers()))
        return 0
    policy_json, _separator, *program = arguments
    try:
        _become(program, policy=sandbox.Policy.from_json(policy_json))
    except sandbox.SandboxError as error:
        sys.stderr.write(f"telecine sandbox: {error}\n")
        return EXIT_NO_SANDBOX
    except OSError as error:
        sys.stderr.write(f"telecine sandbox: cannot start the program: {error.strerror}\n")
    return EXIT_NO_PROGRAM


def _become(program: list[str], *, policy: sandbox.Policy) -> None:
    # Python ignores these two; a program must die of them (a file over its limit is SIGXFSZ).
    # What is around it ignores SIGTERM, so that the program can close its files.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    executable = os.path.realpath(program[0])
    readable = (*sandbox.SYSTEM_PATHS, executable, *policy.read_paths)
    sandbox.confine(policy._replace(read_paths=readable, may_execute=True))
    os.execv(program[0], program)  # noqa: S606 (an argument list, no shell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
