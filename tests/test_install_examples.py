"""The files of docs/install agree with the kit, with vLLM and with one another.

`scripts/run.sh replicas` runs the parts of compose.yaml as processes.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import vllm_compat

from vllm_responses_fix import settings
from vllm_responses_fix.store import settings as store_settings

INSTALL = Path(__file__).parents[1] / "docs" / "install"
STORES = INSTALL.parent / "stores.md"
KIT_VARIABLES = {*settings.VARIABLES, *store_settings.VARIABLES}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((INSTALL / "compose.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    text = (INSTALL / "kubernetes.yaml").read_text("utf-8")
    return yaml.safe_load(text)["spec"]["template"]["spec"]


def servers(
    compose: Mapping[str, Any], pod: Mapping[str, Any]
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The arguments and the environment of each vLLM."""
    for service in compose["services"].values():
        if service["image"].startswith("vllm"):
            yield service["command"], service["environment"]
    for container in pod["containers"]:
        yield container["args"], {v["name"]: v["value"] for v in container["env"]}


def test_variables_are_the_kits(compose: dict[str, Any], pod: dict[str, Any]) -> None:
    stores = []
    for _, environment in servers(compose, pod):
        assert {n for n in environment if n.startswith("VLLM_")} <= KIT_VARIABLES
        settings.read_settings((), environment)
        stores.append(store_settings.read_store_settings(environment).where)
    assert stores == [*["postgresql://vllm@postgres/vllm"] * 2, "auto"]


def test_vllm_takes_the_arguments(compose: dict[str, Any], pod: dict[str, Any]) -> None:
    for arguments, _ in servers(compose, pod):
        assert vllm_compat.parse_serve_args(arguments).model == "MODEL"


def test_a_secret_has_the_url_of_the_store() -> None:
    """What stores.md puts into kubernetes.yaml."""
    example = re.search(r"(?<=\n\n)    - name: VLLM\w+\n( .*\n)+", STORES.read_text())
    assert example is not None
    [variable] = yaml.safe_load(example[0])
    assert variable["name"] == store_settings.STORE
    assert variable["valueFrom"].keys() == {"secretKeyRef"}


def test_the_balancer_knows_every_server(compose: dict[str, Any]) -> None:
    services = compose["services"]
    vllms = [n for n, each in services.items() if each["image"].startswith("vllm")]
    content = compose["configs"]["balancer"]["content"]
    assert re.findall(r"server ([\w-]+):8000;", content) == vllms
    assert services["balancer"]["depends_on"] == vllms
    assert services["balancer"]["ports"] == ["8000:8000"]
    assert "listen 8000;" in content


def test_the_store_is_the_service(compose: dict[str, Any]) -> None:
    service = compose["services"]["postgres"]["environment"]
    user, database = service["POSTGRES_USER"], service["POSTGRES_DB"]
    for name, each in compose["services"].items():
        if name.startswith("vllm"):
            environment = each["environment"]
            url = f"postgresql://{user}@postgres/{database}"
            assert environment[store_settings.STORE] == url
            assert environment["PGPASSWORD"] == service["POSTGRES_PASSWORD"]


def test_images_are_those_of_the_dockerfiles(
    compose: dict[str, Any], pod: dict[str, Any]
) -> None:
    assert compose["services"]["vllm-0"]["image"] == built("Dockerfile")
    [init] = pod["initContainers"]
    assert init["image"] == built("kit.Dockerfile")
    made = re.search(r"-d (/\w+)", (INSTALL / "kit.Dockerfile").read_text("utf-8"))
    assert made is not None and init["command"][2] == f"{made[1]}/."


def test_the_kit_is_where_python_looks(pod: dict[str, Any]) -> None:
    [init], [vllm] = pod["initContainers"], pod["containers"]
    folder = init["command"][3]
    [volume] = pod["volumes"]
    for container in (init, vllm):
        [mount] = container["volumeMounts"]
        assert (mount["name"], mount["mountPath"]) == (volume["name"], folder)
    assert {"name": "PYTHONPATH", "value": folder} in vllm["env"]


def built(dockerfile: str) -> str:
    """The image that the command at its top makes."""
    text = (INSTALL / dockerfile).read_text("utf-8")
    found = re.search(r"docker build .* -t (\S+) ", text)
    assert found is not None
    return found[1]
