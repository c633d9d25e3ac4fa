"""The patches as a patch series for vLLM.

`scripts/stage_upstream_pr.py` is the command. What is said of a patch upstream is in
`fixes`, its tests in `vllm_tests/`; its code is the kit's own, put into vLLM's files by
`transplant`.
"""
