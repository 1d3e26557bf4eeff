"""Names of vendors as the field uses them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inventory.vendors import canonical, is_known


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SIEMENS AG", "Siemens"),
        ("Siemens AG, Automation & Drives", "Siemens"),
        ("Rockwell Automation/Allen-Bradley", "Rockwell Automation"),
        ("Hangzhou Hikvision Digital Technology Co.,Ltd.", "Hikvision"),
        ("Zhejiang Dahua Technology Co., Ltd.", "Dahua"),
        ("HUAWEI TECHNOLOGIES CO.,LTD", "Huawei"),
        ("Hewlett Packard Enterprise", "HPE"),
        ("Hewlett Packard", "HP"),
        ("The Trane Company", "Trane"),
        ("B&R Industrial Automation GmbH", "B&R"),
        ("WAGO Kontakttechnik GmbH & Co. KG", "WAGO"),
        ("GE Multilin", "GE Multilin"),
        ("Loxone Electronics GmbH", "Loxone Electronics"),
        ("Example Works Co.,Ltd", "Example Works"),
        ("Mercury Security", "Mercury Security"),
        ("", ""),
    ],
)
def test_canonical(name: str, expected: str) -> None:
    assert canonical(name) == expected


def test_known() -> None:
    assert is_known("SCHNEIDER ELECTRIC SAS")
    assert not is_known("Loxone Electronics GmbH")
    assert not is_known("")


@given(st.text(max_size=200))
def test_any_name_settles(name: str) -> None:
    once = canonical(name)
    assert canonical(once) == once
