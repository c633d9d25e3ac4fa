"""The environment variables, and that what can't be used is one clear sentence."""

import sqlite3
import stat
from pathlib import Path

import pytest

from vllm_responses_fix.settings import SettingsError
from vllm_responses_fix.store.memory import MemoryStore
from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.settings import StoreSettings, read_store_settings
from vllm_responses_fix.store.sqlite import SqliteStore

STORE = "VLLM_RESPONSES_FIX_STORE"
TTL = "VLLM_RESPONSES_FIX_STORE_TTL"
MAX_BYTES = "VLLM_RESPONSES_FIX_STORE_MAX_BYTES"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, StoreSettings(None, 30 * 86_400, None)),
        ({STORE: " "}, StoreSettings()),
        ({STORE: "Auto"}, StoreSettings("auto")),
        ({STORE: "memory"}, StoreSettings("memory")),
        ({STORE: "sqlite:///a/b.db"}, StoreSettings("sqlite:///a/b.db")),
        ({STORE: "REDISS://a:1/0"}, StoreSettings("rediss://a:1/0")),
        ({TTL: "90s"}, StoreSettings(ttl=90)),
        ({TTL: "5m"}, StoreSettings(ttl=300)),
        ({TTL: "12H"}, StoreSettings(ttl=43_200)),
        ({MAX_BYTES: "1000"}, StoreSettings(max_bytes=1000)),
        ({MAX_BYTES: "2GiB"}, StoreSettings(max_bytes=2 << 30)),
        ({MAX_BYTES: "1.5 mb"}, StoreSettings(max_bytes=1_500_000)),
    ],
)
def test_values(environ: dict[str, str], expected: StoreSettings) -> None:
    assert read_store_settings(environ) == expected


@pytest.mark.parametrize(
    ("name", "value", "helps"),
    [
        (STORE, "yes", "memory"),
        (STORE, "mysql://me:SECRET@host/db", "postgresql://"),
        (STORE, "me:SECRET@host", "redis://"),
        (STORE, "sqlite://responses.db", "sqlite:///"),
        (STORE, "sqlite:///", "absolute"),
        (STORE, "redis://", "host"),
        (STORE, "redis://:SECRET@host:port", "percent-encoded"),
        (STORE, "redis://:SECRET[@host", "percent-encoded"),
        (TTL, "30", "30d"),
        (TTL, "0d", "12h"),
        (TTL, "forever", "30d"),
        (MAX_BYTES, "2 apples", "GiB"),
        (MAX_BYTES, "0", "GiB"),
    ],
)
def test_a_wrong_value_is_a_clear_error(name: str, value: str, helps: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_store_settings({name: value})
    message = str(error.value)
    assert name in message and helps in message
    assert "SECRET" not in message and message.count(".\n") == 0


def test_a_password_is_not_shown() -> None:
    settings = read_store_settings({STORE: "redis://me:SECRET@127.0.0.1:1/0"})
    assert "SECRET" not in repr(settings)
    with pytest.raises(SettingsError) as error:
        open_store(settings)
    assert f"{STORE}=redis://127.0.0.1:1/0 " in str(error.value)


def test_auto_is_memory_for_one_process() -> None:
    for where in (None, "auto", "memory"):
        assert isinstance(open_store(StoreSettings(where)), MemoryStore)


def test_auto_is_a_temporary_file_for_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = open_store(StoreSettings(), processes=2)
    assert isinstance(store, SqliteStore)
    [folder] = tmp_path.iterdir()
    for path in (folder, *folder.iterdir()):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    store.close()
    assert not list(tmp_path.iterdir())


def test_a_file_is_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "a b.db"
    store = open_store(StoreSettings(f"sqlite://{tmp_path}/a%20b.db"))
    for each in tmp_path.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    store.close()
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "a b.db-lock"]


def refused(where: str) -> str:
    with pytest.raises(SettingsError) as error:
        open_store(StoreSettings(where))
    message = str(error.value)
    assert message.startswith(f"{STORE}={where.partition('://')[0]}://")
    assert error.value.__suppress_context__
    return message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    message = refused(f"sqlite://{tmp_path}/none/a.db")
    assert "No such file" in message and "name one in a folder" in message


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    assert "not a database" in refused(f"sqlite://{tmp_path}/text")
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE records (id)")
    connection.close()
    assert "something else" in refused(f"sqlite://{tmp_path}/other.db")


def test_a_file_of_a_newer_format(tmp_path: Path) -> None:
    where = f"sqlite://{tmp_path}/a.db"
    open_store(StoreSettings(where)).close()
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    message = refused(where)
    assert "format 99" in message and "install the newer one" in message
