"""Credentials: found in a stated order, told from which source, and never shown."""

import base64
import json
import pickle
import stat
import sys
import types
from pathlib import Path

import pytest

from ocr_nb.credentials import (
    Credentials,
    check_address,
    describe_sources,
    find_credentials,
    save_credentials,
)
from ocr_nb.errors import SettingsError
from ocr_nb.settings import Secret, Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for configuration, state and cache."""
    return tmp_path / "home"


def _settings(home: Path, **variables: str) -> Settings:
    return Settings.from_environment({"OCR_NB_HOME": str(home), **variables})


def _install_keyring(monkeypatch: pytest.MonkeyPatch, **entries: str) -> None:
    keyring, errors = types.ModuleType("keyring"), types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    keyring.errors = errors  # type: ignore[attr-defined]
    keyring.get_keyring = lambda: types.SimpleNamespace(priority=5)  # type: ignore[attr-defined]
    keyring.get_password = lambda service, name: entries.get(name)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def _install_colab(monkeypatch: pytest.MonkeyPatch, **secrets: str) -> None:
    module = types.ModuleType("google.colab.userdata")

    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name: str) -> str:
        if name not in secrets:
            raise SecretNotFoundError(name)
        return secrets[name]

    module.SecretNotFoundError = SecretNotFoundError  # type: ignore[attr-defined]
    module.NotebookAccessError = NotebookAccessError  # type: ignore[attr-defined]
    module.get = get  # type: ignore[attr-defined]
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", module)


def test_nothing_anywhere_is_none(home: Path) -> None:
    """Without any source there are no credentials, and no error either."""
    assert find_credentials(_settings(home)) is None


def test_the_sources_are_asked_in_their_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument before environment before Colab before keyring before file."""
    save_credentials(Credentials.of("from-file", "f" * 12), _settings(home))
    assert _source(_settings(home)) == ("file", "from-file")

    _install_keyring(monkeypatch, client_id="from-keyring", client_secret="k" * 12)
    assert _source(_settings(home)) == ("keyring", "from-keyring")

    _install_colab(monkeypatch, OCR_NB_CLIENT_ID="from-colab", OCR_NB_CLIENT_SECRET="c" * 12)
    colab = {"COLAB_GPU": "1"}
    assert _source(_settings(home, **colab)) == ("Colab secrets", "from-colab")

    environment = {"OCR_NB_CLIENT_ID": "from-env", "OCR_NB_CLIENT_SECRET": "e" * 12, **colab}
    assert _source(_settings(home, **environment)) == ("environment", "from-env")

    given = Credentials.of("given", "g" * 12)
    assert find_credentials(_settings(home, **environment), given) is given


def _source(settings: Settings) -> tuple[str, str | None]:
    found = find_credentials(settings)
    assert found is not None
    return found.source, found.client_id


def test_the_file_is_private_and_comes_back_whole(home: Path) -> None:
    """The file has mode 0600 in a folder of mode 0700 and holds the secret that was saved."""
    settings = _settings(home)

    path = save_credentials(Credentials.of("id", "secret-in-file"), settings)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = find_credentials(settings)
    assert found is not None
    assert found.client_secret == Secret("secret-in-file")
    assert [entry.name for entry in path.parent.iterdir()] == ["credentials.json"]


def test_a_file_that_others_can_read_is_refused(home: Path) -> None:
    """A readable secret is no secret: the message says how to mend it."""
    settings = _settings(home)
    save_credentials(Credentials.of("id", "secret-in-file"), settings).chmod(0o644)

    with pytest.raises(SettingsError, match=r"can be read by others \(mode 0644\).*chmod 600"):
        find_credentials(settings)


@pytest.mark.parametrize("content", ["{'client_id'", "[]", "{}", '{"client_id": 7, "client_secret": "x"}'])
def test_a_malformed_file_is_named_and_not_quoted(home: Path, content: str) -> None:
    """The error names the file; the parser's error, which carries the document, is not kept."""
    settings = _settings(home)
    path = save_credentials(Credentials.of("id", "secret-in-file"), settings)
    path.write_text(content)

    with pytest.raises(SettingsError, match=r"credentials\.json holds no JSON object") as caught:
        find_credentials(settings)

    assert caught.value.__context__ is None


def test_half_a_pair_is_told(home: Path) -> None:
    """A client id without its secret names the source and the missing half."""
    with pytest.raises(SettingsError, match=r"client id is given \(environment\) but not the client secret"):
        find_credentials(_settings(home, OCR_NB_CLIENT_ID="id"))
    with pytest.raises(SettingsError, match="client secret is given"):
        Credentials.of(client_secret="alone-and-lost")


def test_blanks_around_a_pasted_secret_are_dropped() -> None:
    """A value pasted with a newline is the same value."""
    assert Credentials.of(" id ", "secret-x\n") == Credentials.of("id", "secret-x")


def test_neither_repr_nor_pickle_gives_the_secret_away() -> None:
    """The repr shows two letters and one of the client id; pickling is refused."""
    credentials = Credentials.of("abcdefghij9", "canary-secret", "canary-token")

    assert repr(credentials) == (
        "Credentials(client_id='ab…9', holds=client_secret+access_token, source='argument')"
    )
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(credentials)


def test_the_account_is_a_hash_of_the_client_id_alone() -> None:
    """A new secret or token keeps the account; another client id changes it; the id is not in it."""
    account = Credentials.of("my-client", "secret-1").account

    assert account == Credentials.of("my-client", "secret-2", "token-2").account
    assert account != Credentials.of("your-client", "secret-1").account
    assert len(account) == 16
    assert "my-client" not in account


def test_a_ready_token_is_counted_for_the_client_it_names() -> None:
    """A JWT that names its client shares the account of that client; other tokens share one account."""
    payload = base64.urlsafe_b64encode(json.dumps({"client_id": "my-client"}).encode()).decode().rstrip("=")

    assert (
        Credentials.of(access_token=f"h.{payload}.s").account == Credentials.of("my-client", "secret").account
    )
    assert Credentials.of(access_token="one").account == Credentials.of(access_token="a.b.c").account


def test_every_source_is_described_without_the_secret(home: Path) -> None:
    """The description says what is there and why the rest is not."""
    settings = _settings(home, OCR_NB_CLIENT_ID="abcdefghij9", OCR_NB_CLIENT_SECRET="canary-secret")

    sources = {source.name: source for source in describe_sources(settings)}

    assert [*sources] == ["environment", "Colab secrets", "keyring", "file"]
    assert sources["environment"].is_found
    assert sources["Colab secrets"].note == "This is not Colab."
    assert sources["file"].note.startswith("There is no file")
    assert "canary-secret" not in repr(sources)


@pytest.mark.parametrize(
    "url", ["https://api.example.org/x", "http://127.0.0.1:80", "http://localhost:1", "http://[::1]:9"]
)
def test_a_secret_travels_by_https_or_within_the_machine(url: str) -> None:
    """https anywhere and http to loopback are allowed."""
    assert check_address(url) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.example.org", "in the clear: use https"),
        ("http://localhost.example.org", "in the clear"),
        ("ftp://api.example.org", "is not an address"),
        ("api.example.org", "is not an address"),
        ("https://me:canary@example.org", "holds a user name"),
    ],
)
def test_a_secret_travels_nowhere_else(url: str, said: str) -> None:
    """Clear text to another machine, other schemes and passwords in addresses are refused."""
    with pytest.raises(SettingsError, match=said) as caught:
        check_address(url)
    assert "canary" not in str(caught.value)
