"""`vllm serve` for builds of vLLM that are not distributed under the name `vllm`.

The `vllm` command of the CPU build ends in `PackageNotFoundError`, as it asks for
the version of a distribution of that name. This is the command without that.
"""

from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.entrypoints.openai.cli_args import make_arg_parser
from vllm.entrypoints.utils import cli_env_setup
from vllm.utils.argparse_utils import FlexibleArgumentParser


def main() -> None:
    cli_env_setup()
    command = ServeSubcommand()
    args = make_arg_parser(FlexibleArgumentParser()).parse_args()
    command.validate(args)
    command.cmd(args)


# vLLM spawns its workers, which import this file again.
if __name__ == "__main__":
    main()
