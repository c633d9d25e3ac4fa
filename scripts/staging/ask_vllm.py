"""Prints, as JSON, what the kit does with the vLLM that is on the path."""

import contextlib
import json
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(ROOT / "tests")]

with contextlib.redirect_stdout(sys.stderr):
    from harness.platform import prepare_vllm

    prepare_vllm()
    from vllm_responses_fix.deciding import decide
    from vllm_responses_fix.patches import NEEDS, PATCHES
    from vllm_responses_fix.places import TRIGGER

    import_module(TRIGGER)
    decisions = decide([p for p in PATCHES if p.for_upstream], NEEDS, ())

print(
    json.dumps(
        {
            "applied": {
                d.patch.name: d.variant.name for d in decisions if d.variant is not None
            },
            "refused": {
                d.patch.name: d.reason for d in decisions if d.state == "refused"
            },
            "seen_in": sorted({label for d in decisions for label in d.seen_in}),
        }
    )
)
