"""What a Python child of ours may read: code, and never the folder that somebody's files lie in."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import telecine
from telecine.media import confining


def test_python_its_packages_and_telecine_can_be_read(tmp_path: Path) -> None:
    found = confining.code_paths(beside=(str(tmp_path / "workspace"),))
    assert {sys.prefix, sys.base_prefix, str(Path(telecine.__file__).parent)} <= set(found)


def test_a_folder_of_the_import_path_that_holds_the_workspace_cannot(tmp_path: Path) -> None:
    workspace = tmp_path / "telecine-data" / "work" / "job"
    workspace.mkdir(parents=True)
    before = list(sys.path)
    sys.path.append(str(tmp_path))
    try:
        assert str(tmp_path) not in confining.code_paths(beside=(str(workspace),))
        assert str(tmp_path) in confining.code_paths(beside=("/elsewhere/job",))
    finally:
        sys.path[:] = before


def test_a_server_started_as_a_module_gives_its_children_no_way_to_its_data(
    tmp_path: Path,
) -> None:
    """`python -m` puts the folder that it is started in on the import path."""
    program = """
        from pathlib import Path
        from telecine.media import confining, sandbox
        workspace = Path.cwd() / "telecine-data" / "work"
        workspace.mkdir(parents=True)
        other = workspace.parent / "files"
        other.write_text("another client's")
        paths = confining.code_paths(beside=(str(workspace),))
        sandbox.confine(sandbox.Policy(mode="require", read_paths=paths))
        try:
            print(other.read_text())
        except PermissionError:
            print("closed")
        """
    (tmp_path / "started.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "started"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip() == "closed", done.stderr
