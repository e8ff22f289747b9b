"""The vendor's SDK gets a login: host and a fresh token, without the secret being stored in it."""

import copy
import sys
import types

import pytest

from ocr_nb import sdk
from ocr_nb.credentials import Credentials
from ocr_nb.errors import CredentialsRefused, SettingsError
from ocr_nb.sdk import official_sdk_configuration
from ocr_nb.service.auth import Token
from ocr_nb.settings import Secret, Settings

CREDENTIALS = Credentials.of("my-client-id", "my-client-secret")


class Configuration:
    """What of the SDK's class matters here: its constructor sets `access_token`, `auth_settings` reads it."""

    def __init__(self, host: str | None = None, access_token: str | None = None) -> None:
        self.host = host
        self.access_token = access_token

    def auth_settings(self) -> dict:
        """Return what goes into the Authorization header, as SDK 24.11 builds it."""
        if self.access_token is None:
            return {}
        return {"JWT": {"value": "Bearer " + self.access_token}}


@pytest.fixture
def installed(monkeypatch):
    """An SDK to import."""
    module = types.ModuleType("aspose_ocr_cloud")
    module.Configuration = Configuration  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "aspose_ocr_cloud", module)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a user without anything in the environment."""
    return Settings.from_environment({"OCR_NB_HOME": str(tmp_path)})


def test_a_token_is_asked_for_when_it_is_needed_and_replaced_in_time(installed, settings, clock, monkeypatch):
    """The SDK reads the property before each request, and always finds a valid token."""
    asked = []

    def fetch(credentials, url):
        asked.append(url)
        return Token(Secret(f"token-{len(asked)}"), clock.now() + 3540)

    monkeypatch.setattr(sdk, "fetch_token", fetch)
    monkeypatch.setattr(sdk.time, "monotonic", clock.now)
    configuration = official_sdk_configuration(credentials=CREDENTIALS, settings=settings)
    assert asked == []

    assert configuration.auth_settings() == {"JWT": {"value": "Bearer token-1"}}
    clock.advance(3539)
    assert configuration.access_token == "token-1"
    clock.advance(2)
    assert copy.deepcopy(configuration).access_token == "token-2"
    assert asked == ["https://api.aspose.cloud/connect/token"] * 2


def test_the_host_is_what_the_sdk_wants(installed, settings):
    """Scheme and authority alone: the SDK adds the prefix itself."""
    configuration = official_sdk_configuration("http://127.0.0.1:8765", settings=settings)

    assert configuration.host == "http://127.0.0.1:8765"
    assert configuration.auth_settings() == {}
    with pytest.raises(SettingsError, match=r"adds /v5\.0/ocr to the host by itself"):
        official_sdk_configuration("http://127.0.0.1:8765/gateway", settings=settings)


def test_a_ready_token_is_handed_on(installed, settings):
    """Nothing is asked of the token endpoint, and the repr shows nothing."""
    credentials = Credentials.of(access_token="ready-token")
    configuration = official_sdk_configuration(credentials=credentials, settings=settings)

    assert configuration.access_token == "ready-token"
    assert "ready-token" not in repr(configuration) + repr(vars(configuration))


def test_without_credentials_the_vendor_cannot_be_used(installed, settings):
    """Said at once, not at the first request."""
    with pytest.raises(CredentialsRefused, match="No credentials were found"):
        official_sdk_configuration(settings=settings)


def test_a_missing_sdk_is_named(settings, monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "aspose_ocr_cloud", None)

    with pytest.raises(SettingsError, match=r"pip install aspose-ocr-cloud==24\.11\.0"):
        official_sdk_configuration(credentials=CREDENTIALS, settings=settings)
