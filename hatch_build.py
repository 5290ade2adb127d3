"""The build hook: a wheel carries what package.json names, which git does not.

An editable install skips it: there the launcher fetches them, and may fail without harm.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndHook(BuildHookInterface[Any]):
    """Fetch before the files are listed; a wheel without pages and emoji must not come to be."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Run once a target; `version` is `editable` for `pip install -e`."""
        if version == "editable":
            return
        root = Path(self.root)
        _load(root / "src" / "telecine" / "cli" / "assets.py").fetch(root)


def _load(path: Path) -> ModuleType:
    """Load by path: importing telecine here would need everything it depends on."""
    spec = importlib.util.spec_from_file_location("telecine_assets", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
