"""Lists from CSV files: understood whole or refused with the line, and nothing half-applied."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pages import text
from pitcairn.engage import lists
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.list_files import MAX_ROWS, ListFileError, clean, read_list
from pitcairn.engage.models import Audience, ListEntry
from pitcairn.workspaces.models import Workspace

TYPES = ("user_id", "email", "anonymous_id")


def read(content: bytes) -> Any:
    return read_list(io.BytesIO(content), TYPES)


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        (b"email\nAna@Example.com\n", [("email", "ana@example.com")]),
        (b"\xef\xbb\xbfEmail;Name\r\nana@example.com;Ana\r\n", [("email", "ana@example.com")]),
        (b"name\tuserId\nAna\tu1\n", [("user_id", "u1")]),
        (b'userId,email\nu1,\n"u,2",b@x.example\n', [("user_id", "u1"), ("user_id", "u,2"), ("email", "b@x.example")]),
        (b"domain\nhttps://www.acme.example/about\n", [("domain", "acme.example")]),
        (b"Website\nACME.example:8080\n\n\n", [("domain", "acme.example")]),
        ("email\nzo\u00eb@example.com\n".encode(), [("email", "zo\u00eb@example.com")]),
        (b"email", None),
    ],
    ids=["plain", "marked", "tabs", "two columns", "addresses", "websites", "accents", "nobody"],
)
def test_reading(content: bytes, entries: list[tuple[str, str]] | None) -> None:
    if entries is None:
        with pytest.raises(ListFileError, match="Nobody is on the list"):
            read(content)
    else:
        assert list(read(content).entries) == entries


def test_what_became_of_the_rows_is_counted() -> None:
    found = read(b"email,name\na@x.example,A\nA@x.example,A again\nnobody,B\n,C\n")
    assert (found.rows, found.repeated, found.without_value) == (4, 1, 2)
    assert found.columns == ("email",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"name,phone\nAna,1\n", "No column says who is meant. The first line names 'name', 'phone'"),
        (b"email\nana@example.com\n\xff\xfe\n", "not UTF-8"),
        ("email\nana@example.com\n".encode("utf-16"), "UTF-16"),
        (b"email,name\na@x.example\n", "Line 2 has 1 columns and the first line has 2"),
        (b'email\na@x.example\n"b@x.example\n', "cannot be read as CSV"),
        (b"PK\x03\x04\0\0\0", "not text"),
        (b"email\n" + b"a" * 600 + b"@x.example\n", "Line 2: the email has 610 characters"),
        (b"email\n" + b"a" * 200_000 + b"\n", "cannot be read as CSV"),
    ],
    ids=["empty", "columns", "encoding", "utf-16", "short line", "quotes", "a workbook", "long value", "long field"],
)
def test_a_file_that_is_refused_says_why(content: bytes, said: str) -> None:
    with pytest.raises(ListFileError, match=said.replace("(", r"\(")):
        read(content)


class ManyRows(io.RawIOBase):
    """A file with many rows that is never in memory as a whole; `given` bytes were read of it."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.seek(0)

    def _parts(self) -> Iterator[bytes]:
        yield b"user_id\n"
        for start in range(0, self._rows, 1_000):
            yield b"".join(b"%d\n" % number for number in range(start, min(self._rows, start + 1_000)))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0:
            assert offset == 0
            self._left, self.given, self._next = b"", 0, self._parts()
        return self.given

    def tell(self) -> int:
        return self.given

    def readinto(self, buffer: Any) -> int:
        while len(self._left) < len(buffer) and (part := next(self._next, None)) is not None:
            self._left += part
        given, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(given)] = given
        self.given += len(given)
        return len(given)


def test_a_million_rows_are_refused_before_they_are_all_read() -> None:
    file = ManyRows(1_000_000)
    with io.BufferedReader(file) as buffered, pytest.raises(ListFileError, match=f"more than {MAX_ROWS:,} rows"):
        read_list(buffered, TYPES)
    assert file.given < 5_000_000


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("email", " A@B.example ", "a@b.example"),
        ("email", "nobody", ""),
        ("domain", "someone@acme.example", "acme.example"),
        ("domain", "http://sub.acme.example:80/x?y", "sub.acme.example"),
        ("domain", "not a domain", ""),
        ("user_id", " U1 ", "U1"),
    ],
)
def test_values_are_kept_as_identifiers_are(kind: str, value: str, kept: str) -> None:
    assert clean(kind, value) == kept


# Pages


def upload(client: Client, address: str, content: bytes, **fields: str) -> Any:
    return client.post(address, {**fields, "file": SimpleUploadedFile("people.csv", content)}, follow=True)


@pytest.mark.django_db(databases="__all__")
def test_a_list_is_uploaded_and_replaced(client: Client, workspace: Workspace) -> None:
    page = upload(client, "/audiences/lists/new/", b"email\na@x.example\nb@x.example\nb@x.example\n", name="Customers")
    said = text(page)
    assert "Customers is saved. 2 entries from 3 rows; 1 were there twice." in said
    audience = Audience.objects.get(workspace=workspace)
    assert audience.listed
    assert audience.key == "customers"
    assert lists.entry_counts(audience.id) == [("email", 2)]

    address = f"/audiences/{audience.id}/list/"
    assert client.get(f"/audiences/{audience.id}/edit/").headers["Location"] == address
    assert "2 email" in text(client.get(address))
    assert "1 entry from 1 rows" in text(upload(client, address, b"userId\nu1\n", name="Our customers"))
    assert lists.entry_counts(audience.id) == [("user_id", 1)]
    audience.refresh_from_db()
    assert (audience.name, audience.key) == ("Our customers", "customers")
    assert audience.revision > 1


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("content", [b"email\na@x.example\n\xff", b"name\nAna\n"], ids=["encoding", "columns"])
def test_a_refused_file_changes_nothing(client: Client, workspace: Workspace, content: bytes) -> None:
    page = upload(client, "/audiences/lists/new/", content, name="Customers")
    assert page.status_code == 422
    assert b'id="file-error"' in page.content
    assert b'value="Customers"' in page.content
    assert not Audience.objects.filter(workspace=workspace).exists()

    audience = lists.create_list(workspace.id, "Customers", [("email", "a@x.example")])
    page = upload(client, f"/audiences/{audience.id}/list/", content, name="Renamed")
    assert page.status_code == 422
    audience.refresh_from_db()
    assert audience.name == "Customers"
    assert lists.entry_counts(audience.id) == [("email", 1)]


@pytest.mark.django_db(databases="__all__")
def test_a_list_is_written_whole_or_not_at_all(workspace: Workspace) -> None:
    def breaks() -> Iterator[tuple[str, str]]:
        for number in range(lists.AT_ONCE + 1):
            yield "user_id", str(number)
        raise RuntimeError("the file ends here")

    with pytest.raises(RuntimeError):
        lists.create_list(workspace.id, "Customers", breaks())
    assert not Audience.objects.filter(workspace=workspace).exists()
    assert not ListEntry.objects.filter(type="user_id", computation__workspace=workspace).exists()
    with pytest.raises(AudienceError):
        lists.create_list(workspace.id, "", [("email", "a@x.example")])


@pytest.mark.django_db(databases="__all__")
def test_without_a_file(client: Client, workspace: Workspace) -> None:
    page = client.post("/audiences/lists/new/", {"name": "Customers"})
    assert page.status_code == 422
    assert "Choose a file first" in text(page)
