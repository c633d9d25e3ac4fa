"""Be told when a module has been imported, without importing it.

The way of wrapt's importer: a finder that lets the others find the module, and wraps
the loader that they found.
"""

import sys
from collections.abc import Callable, Collection, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class PostImportFinder:
    """Calls back once one of some modules has been executed.

    Attributes:
        names: full names of the modules.
        callback: called with the module; what it raises, the import raises.
    """

    def __init__(
        self, names: Collection[str], callback: Callable[[ModuleType], None]
    ) -> None:
        self.names = names
        self.callback = callback

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in self.names:
            return None
        for finder in list(sys.meta_path):
            # A finder from before PEP 451 has no find_spec; the import system skips
            # those, too.
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                # Without a loader it is a namespace package: nothing is executed.
                if spec.loader is not None:
                    # Not a Loader by name: importlib.abc is slow to import.
                    loader: Any = _NotifyingLoader(spec.loader, self.callback)
                    spec.loader = loader
                return spec
        return None


class _NotifyingLoader:
    def __init__(self, loader: Any, callback: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._callback = callback

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module, and whoever asks it for its source, sees the real loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._callback(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
