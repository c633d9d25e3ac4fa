"""Print the fingerprint of each seam in the vLLM that is installed here.

Run with the Python of an environment that has the release to be described:

    python scripts/fingerprints.py
"""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import vllm

from vllm_responses_fix.fingerprints import fingerprint
from vllm_responses_fix.patching import locate
from vllm_responses_fix.releases import RELEASES


def main() -> None:
    version = vllm.__version__.partition("+")[0]
    release = RELEASES.get(version) or list(RELEASES.values())[-1]
    import_module(release.trigger)
    for name, seam in release.seams.items():
        holder, attribute = locate(seam)
        found = fingerprint(vars(holder)[attribute])
        mark = "" if found == seam.fingerprint else f"  (known: {seam.fingerprint})"
        print(f"{name:50} {found}{mark}")


if __name__ == "__main__":
    main()
