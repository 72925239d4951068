"""Where an address is and whose, from files in MaxMind's format that the tests write."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from pitcairn.edge.ip_data import NOWHERE, IPData

CITY = {
    "continent": {"code": "EU"},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "city": {"names": {"de": "Köln", "en": "Cologne"}},
    "subdivisions": [{"iso_code": "NW", "names": {"en": "North Rhine-Westphalia"}}],
    "postal": {"code": "50667"},
    "location": {"latitude": 50.9, "time_zone": "Europe/Berlin"},
    "traits": {"is_anonymous_proxy": False},
}
ASN = {"autonomous_system_number": 64500, "autonomous_system_organization": "Acme GmbH"}
COMPANY = {"name": "Acme", "domain": "acme.example", "type": "business", "country": "AT"}
NESTED = {"company": {"name": "Initech", "domain": "initech.example", "employees": 34}, "ip": "203.0.113.9"}

Write = Callable[[str, Mapping[str, Any]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file that knows 203.0.113.0/24 and one network of IPv6."""

    def write(name: str, record: Mapping[str, Any]) -> Path:
        writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=name)
        writer.insert_network(IPSet(["203.0.113.0/24", "2001:db8::/32"]), dict(record))
        path = tmp_path / f"{name}.mmdb"
        writer.to_db_file(str(path))
        return path

    return write


def test_a_place(write: Write) -> None:
    data = IPData([write("City", CITY)])
    for address in ("203.0.113.7", "2001:db8::7"):
        found = data.look_up(address)
        assert found.country == "DE"
        assert found.location == {
            "continent": "EU",
            "region": "North Rhine-Westphalia",
            "city": "Cologne",
            "postal_code": "50667",
            "time_zone": "Europe/Berlin",
        }
        assert found.company == {}
    data.close()


def test_companies_of_several_shapes(write: Write) -> None:
    for record, name, domain in (
        (ASN, "Acme GmbH", None),
        (COMPANY, "Acme", "acme.example"),
        (NESTED, "Initech", "initech.example"),
    ):
        data = IPData([write(name.replace(" ", ""), record)])
        company = data.look_up("203.0.113.7").company
        assert (company["name"], company.get("domain")) == (name, domain)
        data.close()
    assert company["employees"] == 34


def test_of_several_files_the_first_that_knows_counts(write: Write) -> None:
    data = IPData([write("City", CITY), write("Company", COMPANY), write("ASN", ASN)])
    found = data.look_up("203.0.113.7")
    assert (found.country, found.location["city"], found.company["name"]) == ("DE", "Cologne", "Acme")
    data.close()


@pytest.mark.parametrize("address", ["198.51.100.1", "", "unix:", "203.0.113.7, 10.0.0.1", "::ffff:1.2.3.4%eth0"])
def test_what_is_not_known_is_nowhere(write: Write, address: str) -> None:
    data = IPData([write("City", CITY)])
    assert data.look_up(address) == NOWHERE
    data.close()
    assert IPData([]).look_up("203.0.113.7") == NOWHERE


def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.mmdb", Path(__file__)):
        with pytest.raises(ValueError, match="PITCAIRN_IP_DATA names"):
            IPData([path])
