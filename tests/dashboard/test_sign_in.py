"""Signing in and out."""

import pytest
from django.core.cache import cache
from django.test import Client

from pages import text
from pitcairn.dashboard import attempts
from pitcairn.workspaces.models import Role, User, Workspace
from pitcairn.workspaces.services import add_user

pytestmark = pytest.mark.django_db(databases="__all__")


PASSWORD = "a password for tests"


@pytest.fixture
def owner(workspace: Workspace) -> User:
    return add_user(email="owner@acme.example", password=PASSWORD, workspace=workspace, role=Role.OWNER)


@pytest.fixture(autouse=True)
def _no_attempts() -> None:
    cache.clear()


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> object:
    return client.post("/sign-in/", {"email": "Owner@acme.example ", "password": password, **more})


def test_a_member_signs_in_and_lands_on_home(owner: User) -> None:
    client = Client()
    assert sign_in(client).headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_a_wrong_password_is_told_beside_what_was_typed(owner: User) -> None:
    client = Client()
    response = sign_in(client, "something else")
    assert response.status_code == 422
    assert "do not belong together" in text(response)
    assert b'value="Owner@acme.example ' in response.content
    assert b"something else" not in response.content
    assert client.get("/").status_code == 302


def test_an_unknown_email_gets_the_same_answer(owner: User) -> None:
    client = Client()
    wrong, unknown = (
        client.post("/sign-in/", {"email": email, "password": "something else"})
        for email in ("owner@acme.example", "nobody@acme.example")
    )
    assert text(wrong).replace("owner@", "nobody@") == text(unknown)


def test_one_goes_on_to_the_page_one_asked_for(owner: User) -> None:
    client = Client()
    asked = client.get("/people/?q=usr_1")
    assert asked.headers["Location"] == "/sign-in/?next=%2Fpeople%2F%3Fq%3Dusr_1"
    assert sign_in(client, next="/people/?q=usr_1").headers["Location"] == "/people/?q=usr_1"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http:///evil.example", "\\\\evil.example"],
)
def test_one_never_goes_on_to_another_website(owner: User, address: str) -> None:
    assert sign_in(Client(), next=address).headers["Location"] == "/"


def test_guessing_has_to_wait_even_with_the_right_password(owner: User) -> None:
    client = Client()
    assert sign_in(client, "guess").status_code == 422
    for _ in range(attempts.MOST_FAILURES - 1):
        attempts.failed("owner@acme.example")
    response = sign_in(client)
    assert response.status_code == 422
    assert "Too many attempts for owner@acme.example" in text(response)


def test_a_success_forgets_earlier_failures(owner: User) -> None:
    client = Client()
    for _ in range(attempts.MOST_FAILURES - 1):
        attempts.failed("owner@acme.example")
    assert sign_in(client).status_code == 302
    attempts.failed("owner@acme.example")
    assert not attempts.too_many("owner@acme.example")


def test_signing_out_takes_a_post(client: Client) -> None:
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in() -> None:
    response = Client().get("/connections/debugger/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (401, "/sign-in/")


def test_forms_need_their_token(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = sign_in(client)
    assert response.status_code == 403
    assert "too old to be sent" in text(response)


def test_a_user_without_a_workspace_is_told_so(owner: User) -> None:
    owner.memberships.all().delete()
    client = Client()
    client.force_login(owner)
    response = client.get("/")
    assert response.status_code == 403
    assert "not a member of any workspace" in text(response)
    assert client.post("/sign-out/").status_code == 302
