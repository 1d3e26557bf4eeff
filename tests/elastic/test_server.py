"""The servers of the tests are what they are meant to be."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request

import pytest

from tests.elastic.fixtures import PASSWORDS, Secured
from tests.elastic.server import VERSION, Access

pytestmark = pytest.mark.elastic


def test_the_open_server_answers(elastic: Access) -> None:
    with urllib.request.urlopen(f"{elastic.url}/_cluster/health") as answer:
        assert json.load(answer)["status"] in ("green", "yellow")


def test_the_other_asks_for_a_password(elastic_secured: Secured) -> None:
    url = f"{elastic_secured.server.url}/_nodes/_local?filter_path=nodes.*.version"
    context = ssl.create_default_context(cadata=elastic_secured.ca.pem)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, context=context)
    given = base64.b64encode(f"sentinel:{PASSWORDS['sentinel']}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {given}"})
    with urllib.request.urlopen(request, context=context) as answer:
        assert [node["version"] for node in json.load(answer)["nodes"].values()] == [VERSION]
