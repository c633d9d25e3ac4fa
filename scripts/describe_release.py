"""Write what the vLLM of this environment is to the kit, for release_table.py.

scripts/run.sh describe_release FILE
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

PACKAGES = ("openai", "pydantic", "transformers", "mcp", "torch")


def main() -> None:
    prepare_vllm()
    import vllm

    import vllm_responses_fix
    from vllm_responses_fix.places import TRIGGER

    __import__(TRIGGER)
    described = {
        "vllm": vllm.__version__.partition("+")[0],
        "packages": {name: version(name) for name in PACKAGES},
        "status": vllm_responses_fix.install().to_dict(),
    }
    Path(sys.argv[1]).write_text(json.dumps(described, indent=1))


if __name__ == "__main__":
    main()
