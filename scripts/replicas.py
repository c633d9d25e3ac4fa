"""Hold conversations with two servers behind a balancer, as docs/install has them.

    scripts/run.sh replicas [--nginx FILE]

The parts of docs/install/compose.yaml run as processes on this machine: vLLM 0.21.0
with the demo's model and the kit in a folder on PYTHONPATH, twice; PostgreSQL; and
nginx with the configuration that is in that file. Only names and ports are this
machine's. Twenty conversations of five turns go through the balancer, each turn over a
new connection and with the prompt that the same conversation has when it is replayed.
Then `verify` is run, one server is killed, and every conversation has one more turn.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "store")]

import httpx  # noqa: E402
import yaml  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402

from scripts.demo.client import Client, Item  # noqa: E402
from scripts.demo.kit import install_kit  # noqa: E402
from scripts.demo.server import MODEL_NAME, Server, free_port  # noqa: E402

COMPOSE = ROOT / "docs" / "install" / "compose.yaml"
CONVERSATIONS = 20
TURNS = 5
AT_ONCE = 4
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{server}
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nginx", default=shutil.which("nginx"), metavar="FILE")
    nginx = parser.parse_args().nginx
    if nginx is None:
        sys.exit("There is no nginx: install it, or name its file with --nginx.")
    compose = yaml.safe_load(COMPOSE.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        postgres = running.enter_context(closing(PostgresServer()))
        servers = [
            running.enter_context(server)
            for server in _servers(compose, postgres, folder)
        ]
        for server in servers:
            server.wait()
        url = running.enter_context(_balancer(nginx, compose, servers, folder))
        talks = [Talk(url, number) for number in range(CONVERSATIONS)]
        for _ in range(TURNS):
            _each(talks)
        print(
            f"{CONVERSATIONS} conversations of {TURNS} turns: no error, every prompt "
            "as when replayed"
        )
        for server in servers:
            print(f"  {server.name} has stored {_metric(server, 'stored')} responses")
        sys.stdout.flush()
        subprocess.run(
            [sys.executable, "-m", "vllm_responses_fix", "verify", "--base-url", url],
            check=True,
            cwd=ROOT,
        )
        servers[0].kill()
        _each(talks)
        print(f"{servers[0].name} killed: {CONVERSATIONS} more turns, no error")


class Talk:
    """A conversation through the balancer."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._number = number
        self._items: list[Item] = []
        self._previous: dict[str, str] = {}

    def advance(self) -> None:
        """Have one more turn, and check that it is as when replayed."""
        say = {"role": "user", "content": f"This is {self._number}: say a word."}
        replay = [*self._items, say]
        chained = self._create({"input": [say], **self._previous})
        replayed = self._create({"input": replay, "store": False})
        assert chained.prompt_token_ids == replayed.prompt_token_ids
        self._items = [*replay, *chained.output]
        self._previous = {"previous_response_id": chained.id}

    def _create(self, body: dict[str, Any]) -> Any:
        body = {"model": MODEL_NAME, "max_output_tokens": 4, **body}
        with Client(self._url) as client:
            return client.create(body)


def _each(talks: list[Talk]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(Talk.advance, talks))


def _servers(
    compose: dict[str, Any], postgres: PostgresServer, folder: Path
) -> list[Server]:
    """The services of vLLM, with their environment."""
    kit = folder / "kit"
    install_kit(sys.executable, kit)
    servers = []
    for name, service in compose["services"].items():
        if not name.startswith("vllm"):
            continue
        environment = dict(service["environment"])
        # No password is asked for here.
        del environment["PGPASSWORD"]
        store = urlsplit(environment["VLLM_RESPONSES_FIX_STORE"])
        environment["VLLM_RESPONSES_FIX_STORE"] = store._replace(
            netloc=f"{store.username}@127.0.0.1:{postgres.port}"
        ).geturl()
        if not servers:
            database = store.path.removeprefix("/")
            postgres.execute(f"CREATE ROLE {store.username} LOGIN")
            postgres.execute(f"CREATE DATABASE {database} OWNER {store.username}")
        environment["PYTHONPATH"] = str(kit)
        # The kit turns the store on.
        environment["VLLM_ENABLE_RESPONSES_API_STORE"] = "0"
        log = folder / f"{name}.log"
        servers.append(Server(name, sys.executable, log, environment=environment))
    return servers


@contextmanager
def _balancer(
    nginx: str, compose: dict[str, Any], servers: list[Server], folder: Path
) -> Iterator[str]:
    """nginx, with what the service `balancer` has as its configuration."""
    server = compose["configs"]["balancer"]["content"]
    port = free_port()
    places = {"listen 8000;": f"listen 127.0.0.1:{port};"}
    places |= {f"{each.name}:8000": f"127.0.0.1:{each.port}" for each in servers}
    for there, here in places.items():
        assert there in server, there
        server = server.replace(there, here)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, server=server), "utf-8")
    # Its workers may be another user's.
    folder.chmod(0o711)
    process = subprocess.Popen([nginx, "-c", configuration])
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            assert process.poll() is None, "nginx has ended"
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _metric(server: Server, name: str) -> int:
    begins = f"vllm:responses_fix_store_{name}_total "
    for line in httpx.get(f"{server.url}/metrics").text.splitlines():
        if line.startswith(begins):
            return int(float(line.removeprefix(begins)))
    raise AssertionError(begins)


if __name__ == "__main__":
    main()
