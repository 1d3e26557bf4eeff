"""Settings: order of the sources, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.config import known_keys, load, user_file
from sentinel.errors import UserError
from tests.conftest import Ran


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(home: dict[str, str], tmp_path: Path) -> None:
    loaded = load(environ=home, system_file=tmp_path / "none.toml")
    assert loaded.settings.scan.site == "default"
    assert loaded.files == ()
    assert [name for name, _, _ in loaded.rows()] == known_keys()
    assert {origin for _, _, origin in loaded.rows()} == {"default"}


def test_later_sources_win(home: dict[str, str], tmp_path: Path) -> None:
    system = write(
        tmp_path / "system.toml", '[scan]\nsite = "a"\nworkers = 2\nevents = "all"\n[store]\nurl = "x"\n'
    )
    user = write(user_file(home), '[scan]\nsite = "b"\nworkers = 3\nevents = "none"\n')
    environ = {**home, "SENTINEL_SCAN__SITE": "c", "SENTINEL_SCAN__WORKERS": "4", "SENTINEL_CORPUS": "/x"}
    loaded = load({"scan.site": "d", "scan.passwords": None}, environ=environ, system_file=system)
    scan = loaded.settings.scan
    assert (scan.site, scan.workers, scan.events, loaded.settings.store.url) == ("d", 4, "none", "x")
    origins = {name: origin for name, _, origin in loaded.rows()}
    assert origins["scan.site"] == "flag"
    assert origins["scan.workers"] == "SENTINEL_SCAN__WORKERS"
    assert origins["scan.events"] == str(user)
    assert origins["store.url"] == str(system)
    assert origins["scan.passwords"] == "default"
    assert loaded.files == (system, user)


def test_a_named_file_stands_alone(home: dict[str, str], tmp_path: Path) -> None:
    write(user_file(home), '[scan]\nsite = "b"\n')
    own = write(tmp_path / "own.toml", "[scan]\nworkers = 7\n")
    settings = load(file=own, environ=home).settings
    assert (settings.scan.site, settings.scan.workers) == ("default", 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scan]\nworkes = 2\n", "{file}: unknown setting scan.workes, did you mean scan.workers?"),
        ("[sacn]\nworkers = 2\n", "{file}: unknown setting sacn, did you mean [scan]?"),
        ("[scan]\nzzz = 1\n", "{file}: unknown setting scan.zzz (`sentinel config show` lists all)"),
        ("scan = 2\n", "{file}: scan is a section: write [scan] and its settings below"),
        ("[scan]\nworkers = 0\n", "{file}: scan.workers = 0: input should be greater than or equal to 1"),
        (
            '[scan]\nevents = "some"\n',
            "{file}: scan.events = 'some': input should be 'none', 'notable' or 'all'",
        ),
        (
            "[scan\n",
            "{file}: is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 6)",
        ),
    ],
)
def test_what_is_said_of_a_wrong_file(text: str, message: str, home: dict[str, str], tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", text)
    with pytest.raises(UserError) as refused:
        load(environ=home, system_file=file)
    assert refused.value.message == message.format(file=file)
    assert refused.value.exit_code == 1


def test_a_file_that_is_no_text(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_bytes(b"[scan]\n\xff\n")
    with pytest.raises(UserError, match=r"is not UTF-8 text \(byte 7\)"):
        load(environ=home, system_file=file)


def test_a_folder_in_the_place_of_a_file(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load(environ=home, system_file=tmp_path)


def test_a_named_file_must_be_there(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such settings file"):
        load(environ=home, file=tmp_path / "none.toml")


def test_an_unknown_variable(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        load(environ={**home, "SENTINEL_SCAN__SIET": "x"}, system_file=tmp_path / "none")
    assert refused.value.message == (
        "environment: unknown setting SENTINEL_SCAN__SIET, did you mean SENTINEL_SCAN__SITE?"
    )


def test_a_wrong_flag_is_wrong_usage(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"flag: scan\.workers = 99: ") as refused:
        load({"scan.workers": 99}, environ=home, system_file=tmp_path / "none")
    assert refused.value.exit_code == 2


def test_the_user_file_is_under_home_without_xdg(tmp_path: Path) -> None:
    expected = tmp_path / ".config" / "sentinel" / "sentinel.toml"
    assert user_file({"HOME": str(tmp_path)}) == expected
    assert user_file({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}) == expected


def test_commands(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SCAN__SITE", "north")
    assert cli("config", "check").out.startswith("settings are fine")
    shown = cli("config", "show", "--origin")
    assert "scan.site = north  # SENTINEL_SCAN__SITE\n" in shown.out
    assert "scan.events = (not set)  # default\n" in shown.out
    monkeypatch.setenv("SENTINEL_SCAN__WORKERS", "many")
    refused = cli("config", "check")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("sentinel: SENTINEL_SCAN__WORKERS: scan.workers = 'many': ")
    assert refused.err.count("\n") == 1


def test_lists_come_from_variables_and_tables(home: dict[str, str], tmp_path: Path) -> None:
    own = write(
        tmp_path / "own.toml",
        '[collect]\ninterfaces = ["a"]\n[[forward.to]]\nkind = "syslog"\nurl = "udp://127.0.0.1:514"\n',
    )
    environ = {**home, "SENTINEL_COLLECT__INTERFACES": "eth1, eth2", "SENTINEL_COLLECT__LOGS": '["/a,b"]'}
    loaded = load(file=own, environ=environ)
    assert loaded.settings.collect.interfaces == ("eth1", "eth2")
    assert loaded.settings.collect.logs == (Path("/a,b"),)
    assert loaded.settings.forward.to[0].kind == "syslog"
    rows = {name: value for name, value, _ in loaded.rows()}
    assert rows["collect.interfaces"] == "[eth1, eth2]"
    assert rows["forward.to"] == '[{"kind":"syslog","url":"udp://127.0.0.1:514"}]'


def test_a_wrong_item_of_a_list_is_named(home: dict[str, str], tmp_path: Path) -> None:
    own = write(tmp_path / "own.toml", '[[forward.to]]\nkind = "fax"\nurl = "x"\n')
    with pytest.raises(UserError, match=r"own\.toml: forward\.to\.0\.kind = 'fax': input should be 'syslog'"):
        load(file=own, environ=home)
