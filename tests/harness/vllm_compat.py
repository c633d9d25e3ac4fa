"""What the harness takes from vLLM and what other releases call otherwise.

Everything release-specific is in this module. Import it only after
`platform.prepare_vllm`.
"""

from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import vllm
from fastapi import FastAPI
from packaging.version import Version
from starlette.datastructures import State
from vllm.config import VllmConfig
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.engine.protocol import EngineClient
from vllm.outputs import PoolingRequestOutput, RequestOutput
from vllm.renderers import BaseRenderer, renderer_from_config
from vllm.sampling_params import RequestOutputKind, SamplingParams
from vllm.tasks import SupportedTask
from vllm.utils.argparse_utils import FlexibleArgumentParser
from vllm.v1.engine import EngineCoreOutput, EngineCoreRequest, FinishReason
from vllm.v1.engine.input_processor import InputProcessor
from vllm.v1.engine.output_processor import OutputProcessor, RequestOutputCollector
from vllm.v1.outputs import LogprobsLists

VERSION = vllm.__version__.partition("+")[0]
"""The release of vLLM, without what builds append to it."""


def is_since(release: str) -> bool:
    """Whether this vLLM is `release` or a later one."""
    return Version(VERSION) >= Version(release)


ARGUMENTS_ARE_AN_OBJECT = is_since("0.29.0")
"""Chat templates are given an object, on stock an empty one where a call has something
else."""
CUT_CALLS_ARE_TEXT = is_since("0.24.0")
"""The call of a named tool, too, is read by the tool parser: hermes wants its end."""
CUSTOM_TOOL_CALLS_ARE_RENDERED = is_since("0.32.0")

_OTHERS = ord("A")
"""The first of the tokens that logprobs have beside the one that follows."""

SUPPORTED_TASKS: tuple[SupportedTask, ...] = ("generate",)


def _module_with(name: str, *modules: str) -> Any:
    """The first of some modules of vLLM that is there and has `name`."""
    for module_name in modules:
        try:
            module = import_module(f"vllm.{module_name}")
        except ModuleNotFoundError as error:
            # A module that is there may lack one of its own dependencies.
            if not f"vllm.{module_name}".startswith(str(error.name)):
                raise
        else:
            if hasattr(module, name):
                return module
    raise ImportError(f"this vLLM has {name} in none of {', '.join(modules)}")


_CLI_ARGS = _module_with(
    "make_arg_parser",
    "entrypoints.common.cli_args",  # 0.33
    "entrypoints.launchers.cli_args",  # 0.30
    "entrypoints.openai.cli_args",
)
_VALIDATE_ARGS = _module_with(
    "validate_api_server_args",
    "entrypoints.common.cli_args",  # 0.33
    "entrypoints.launchers.launcher",  # 0.30
    "entrypoints.openai.api_server",
)
_APP = _module_with(
    "build_app",
    "entrypoints.launchers.app",  # 0.30
    "entrypoints.openai.api_server",
)
_APP_STATE = _module_with(
    "init_app_state",
    "entrypoints.launchers.api_server.app_state",  # 0.30
    "entrypoints.openai.api_server",
)
# Patches replace what is in these modules, so it is looked up when it is called.
_MESSAGES = _module_with(
    "construct_input_messages",
    "renderers.online_renderer",  # 0.30
    "entrypoints.openai.responses.serving",
)

# The patches wait for this one, which the renderer does not import.
import_module("vllm.entrypoints.openai.responses.serving")


def construct_input_messages(**arguments: Any) -> list[Any]:
    """The function that the server calls, patched or not."""
    return _MESSAGES.construct_input_messages(**arguments)


def render_harmony_messages(messages: list[Any]) -> list[int]:
    """The token ids that the server sends to the engine, patched or not."""
    return _MESSAGES.render_for_completion(messages)


def parse_serve_args(argv: Sequence[str]) -> Namespace:
    """What `vllm serve` makes of `argv`."""
    args = _CLI_ARGS.make_arg_parser(FlexibleArgumentParser()).parse_args(list(argv))
    _CLI_ARGS.validate_parsed_serve_args(args)
    _VALIDATE_ARGS.validate_api_server_args(args)
    return args


def make_config(args: Namespace) -> VllmConfig:
    return AsyncEngineArgs.from_cli_args(args).create_engine_config()


def make_renderer(config: VllmConfig) -> BaseRenderer:
    return renderer_from_config(config)


def make_app(args: Namespace, config: VllmConfig) -> FastAPI:
    return _APP.build_app(args, SUPPORTED_TASKS, config.model_config)


async def init_app_state(app: FastAPI, engine: "EngineBase", args: Namespace) -> None:
    """Give the app new serving objects, hence empty stores, in front of `engine`."""
    if get_async_tokenizer := getattr(engine.renderer, "get_async_tokenizer", None):
        # Older renderers hold every prompt back for 2 ms, to tokenize together what
        # comes together.
        get_async_tokenizer().batch_wait_timeout_s = 0
    app.state = State()
    await _APP_STATE.init_app_state(engine, app.state, args, SUPPORTED_TASKS)


class EngineBase(EngineClient):
    """The half of `AsyncLLM` that runs in the API server's process, without a core.

    Prompts are checked by vLLM's input processor, and token ids become
    `RequestOutput`s in vLLM's output processor: incremental detokenization, stop
    strings, and what FINAL_ONLY and DELTA mean are vLLM's own.
    """

    def __init__(self, config: VllmConfig, renderer: BaseRenderer) -> None:
        self.vllm_config = config
        self.model_config = config.model_config
        self.renderer = renderer
        self.input_processor = InputProcessor(config, renderer)
        self._output_processor = OutputProcessor(renderer.tokenizer, log_stats=False)

    def submit(
        self, prompt: Any, sampling_params: SamplingParams, request_id: str
    ) -> "RunningRequest":
        """Accept a rendered prompt.

        Raises:
            ValueError: vLLM's input processor rejects the prompt or the parameters.
        """
        request = self.input_processor.process_inputs(
            request_id, prompt, sampling_params, SUPPORTED_TASKS
        )
        self.input_processor.assign_request_id(request)
        return RunningRequest(request, prompt.get("prompt"), self._output_processor)


# The server calls few of the interface's methods, and for those it calls the empty
# bodies are right (no error, no tracing, nothing to log). Each release adds some.
EngineBase.__abstractmethods__ = frozenset()


class RunningRequest:
    """A request the engine works on."""

    def __init__(
        self, request: EngineCoreRequest, prompt: str | None, outputs: OutputProcessor
    ) -> None:
        assert request.sampling_params is not None
        self.prompt_token_ids: list[int] = request.prompt_token_ids or []
        self.sampling_params = request.sampling_params
        self.finished = False
        self._id = request.request_id
        self._outputs = outputs
        self._collector = RequestOutputCollector(
            request.sampling_params.output_kind, self._id
        )
        outputs.add_request(request, prompt, queue=self._collector)

    @property
    def is_streamed(self) -> bool:
        return self.sampling_params.output_kind == RequestOutputKind.DELTA

    def push(
        self, token_ids: Sequence[int], finish_reason: FinishReason | None
    ) -> RequestOutput | None:
        """Generate `token_ids`; the result is None if they bring nothing to report."""
        stop_reason = (
            token_ids[-1]
            if finish_reason is FinishReason.STOP
            and token_ids[-1] in (self.sampling_params.stop_token_ids or ())
            else None
        )
        self._outputs.process_outputs(
            [
                EngineCoreOutput(
                    self._id,
                    list(token_ids),
                    new_logprobs=self._logprobs(token_ids),
                    finish_reason=finish_reason,
                    stop_reason=stop_reason,
                )
            ]
        )
        output = self._collector.get_nowait()
        assert not isinstance(output, PoolingRequestOutput)
        # Detokenization may have found a stop string before the script's end.
        self.finished = finish_reason is not None or bool(output and output.finished)
        return output

    def _logprobs(self, token_ids: Sequence[int]) -> LogprobsLists | None:
        """If the request asks for them: of each token, and of others in its place."""
        others = self.sampling_params.logprobs
        if others is None:
            return None
        ids = [[id, *range(_OTHERS, _OTHERS + others)] for id in token_ids]
        values = [[-(row[0] % 8) / 8 - rank for rank in range(len(row))] for row in ids]
        return LogprobsLists(
            np.array(ids), np.array(values), np.ones(len(ids), dtype=int)
        )

    def close(self) -> None:
        """Forget the request if it has not finished, as an abort does."""
        if not self.finished:
            self._outputs.abort_requests([self._id], internal=True)
