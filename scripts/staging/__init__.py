"""The patches as a patch series for vLLM; `scripts/stage_upstream_pr.py` is the command.

Attributes of a patch that only matter upstream are in `fixes`, and the tests that go with
it in `vllm_tests/`. Its code is the kit's own, put into vLLM's files by `transplant`.
"""
