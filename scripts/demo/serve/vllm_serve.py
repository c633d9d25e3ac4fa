"""The `vllm` command, for builds that are not distributed under the name `vllm`.

That of the CPU build ends in `PackageNotFoundError`, as it asks for the version of a
distribution of that name.
"""

import importlib.metadata

import vllm
from vllm.entrypoints.cli.main import main

_version = importlib.metadata.version


def version(distribution_name: str) -> str:
    if distribution_name == "vllm":
        # By this ending vLLM tells that it is to run on a CPU.
        return f"{vllm.__version__.partition('+')[0]}+cpu"
    return _version(distribution_name)


# vLLM spawns its workers, which import this file again.
if __name__ == "__main__":
    importlib.metadata.version = version
    main()
