"""Python imports this at start when the folder is on PYTHONPATH.

It costs every Python process of the machine, so it imports nothing: it leaves a finder
behind that wakes up when vLLM is imported, and hands on to the sitecustomize that
Python would have imported without this one.
"""

import sys

_HERE = __file__.rpartition("/")[0]


class VllmResponsesFixHook:
    """Installs vllm_responses_fix as soon as somebody imports vLLM."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: object = None, target: object = None
    ) -> None:
        if fullname != "vllm":
            return None
        # Once is enough, and what follows may itself look for vLLM.
        if cls in sys.meta_path:
            sys.meta_path.remove(cls)
            try:
                _install()
            except ValueError as error:
                # A setting that means nothing: whoever set it is to know.
                raise SystemExit(f"{error}") from None
            except Exception as error:
                print(f"vllm-responses-fix: not active: {error!r}", file=sys.stderr)
        return None


def _install() -> None:
    try:
        import vllm_responses_fix
    except ImportError:
        # A copy of the package that is on no path, mounted into an image.
        from importlib.util import module_from_spec, spec_from_file_location

        package = _HERE.rpartition("/")[0]
        spec = spec_from_file_location(
            "vllm_responses_fix",
            f"{package}/__init__.py",
            submodule_search_locations=[package],
        )
        assert spec is not None and spec.loader is not None
        vllm_responses_fix = module_from_spec(spec)
        sys.modules["vllm_responses_fix"] = vllm_responses_fix
        spec.loader.exec_module(vllm_responses_fix)
    vllm_responses_fix.install()


def _hand_on() -> None:
    """Run the sitecustomize that this one hides: the next on the path."""
    import _frozen_importlib as bootstrap
    from _frozen_importlib_external import PathFinder

    if _HERE not in sys.path:
        return
    behind = sys.path[sys.path.index(_HERE) + 1 :]
    spec = PathFinder.find_spec("sitecustomize", behind)
    if spec is not None and spec.loader is not None:
        module = bootstrap.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


# Another copy of this file may have been here before.
if not any(
    getattr(finder, "__name__", "") == VllmResponsesFixHook.__name__
    for finder in sys.meta_path
):
    sys.meta_path.insert(0, VllmResponsesFixHook)
_hand_on()
