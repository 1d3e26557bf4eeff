"""CSV of every kind: whole, in order, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel.errors import UserError
from sentinel.export.csv import COLUMNS, FILES, safe, write_folder, write_records
from tests.report.plants import asset, plant


def rows(kind: str, records: list[dict[str, Any]]) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    write_records(kind, records, out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_assets() -> None:
    first = rows("asset", plant().assets)[0]
    assert first["ip"] == "10.1.1.10"
    assert first["vendor"] == "Siemens"
    assert first["level"] == "1.0"
    assert first["services"] == "s7comm tcp/102; tcp/80"
    assert first["exposures"] == "no-authentication (high)"
    assert first["os"] == ""
    assert rows("asset", plant().assets)[8]["ip"] == "10.1.1.99; fe80::5eff:fe00:9"


def test_conversations_credentials_operations() -> None:
    document = plant()
    talk = rows("conversation", document.conversations)[1]
    assert (talk["client_ip"], talk["server_ip"], talk["port"]) == ("10.1.2.4", "10.1.1.20", "502")
    assert talk["operations"] == "read=3000; write=40"
    secret = rows("credential", document.credentials)[1]
    assert secret["username"] == "admin"
    assert secret["weaknesses"] == "cleartext; vendor-default"
    hashed = replace(document).credentials[0] | {"hashcat": {"mode": 5500, "line": "admin::…"}}
    assert rows("credential", [hashed])[0]["hashcat_mode"] == "5500"
    done = rows("operation", document.operations)[1]
    assert (done["action"], done["server_port"], done["count"]) == ("write", "502", "40")
    assert done["detail"] == '{"unit": "1", "addresses": [{"start": 200, "count": 4}]}'


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")']
)
def test_formulas_are_text(text: str) -> None:
    cell = rows("asset", [asset(1, "10.0.0.1", "plc", 1.0, name=text)])[0]["name"]
    assert cell.startswith("'")


def test_harmless_cells_stay_as_they_are() -> None:
    assert safe('a=b, "c"') == 'a=b, "c"'
    assert safe(-5) == -5
    assert safe(None) == ""


def test_one_line_a_record_whatever_it_holds() -> None:
    out = io.StringIO(newline="")
    write_records("asset", [asset(1, "10.0.0.1", None, None, name="a\nb\r\nc\x00\ud800")], out)
    assert len(out.getvalue().splitlines()) == 2
    out.getvalue().encode()


def test_folder(tmp_path: Path) -> None:
    document = plant()
    folder = tmp_path / "new" / "out"
    write_folder(folder, {
        "asset": iter(document.assets), "conversation": iter(document.conversations),
        "credential": iter(document.credentials), "operation": iter(document.operations),
    })  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES.values())
    lines = (folder / "operations.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS["operation"])
    assert len(lines) == 1 + len(document.operations)


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_folder(tmp_path / "file", {"asset": []})
    assert (tmp_path / "file").is_file()
