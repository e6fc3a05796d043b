"""Commands that speak to a running controller: one request, one answer, a refusal in its own words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx

from controller.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 30.0


class RemoteError(Exception):
    """The controller did not do it; the message is its own."""


class NotRunning(RemoteError):
    """No controller answers."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A controller, as its administrator sees it."""

    url: str
    key: str

    @classmethod
    def of(cls, config: Path, url: str, key_file: Path | None) -> Self:
        """Find out where it is and by which key from the options or the site file. Raises RemoteError."""
        if not url or key_file is None:
            site = load_config(config)
            url = url or f"http://{site.host}:{site.port}"
            key_file = key_file or site.site.state / "keys.json"
        try:
            return cls(url, json.loads(key_file.read_text(encoding="utf-8"))["admin"])
        except FileNotFoundError as error:
            raise NotRunning(f"there are no keys in {key_file} yet") from error
        except (OSError, ValueError, KeyError) as error:
            raise RemoteError(f"{key_file}: no key of an administrator") from error

    @classmethod
    def at(cls, config: Path, station: str) -> Self:
        """Find the controller of the site file, with the key of one of its stations. Raises RemoteError."""
        site = load_config(config)
        file = site.site.state / "keys.json"
        try:
            key = json.loads(file.read_text(encoding="utf-8"))["stations"][station]
        except FileNotFoundError as error:
            raise NotRunning(f"there are no keys in {file} yet") from error
        except (OSError, ValueError, KeyError) as error:
            raise RemoteError(f"{file}: no key of station {station}") from error
        return cls(f"http://{site.host}:{site.port}", key)

    def get(self, path: str, **params: str | int) -> httpx.Response:
        """Read something. Raises RemoteError."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Have something done; return the parsed answer. Raises RemoteError."""
        return self._ask("POST", path, json=body).json()

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        try:
            with httpx.Client(base_url=self.url, timeout=_TIMEOUT_S, trust_env=False) as http:
                answer = http.request(method, path, headers=headers, **more)
        except httpx.ConnectError as error:
            raise NotRunning(f"no controller answers at {self.url}") from error
        except httpx.TransportError as error:
            raise RemoteError(f"{self.url}: {type(error).__name__}") from error
        if not answer.is_success:
            raise RemoteError(_words(answer))
        return answer


def _words(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        errors = [f"{one['pointer']}: {one['message']}" for one in problem.get("errors", [])]
        return "\n".join([f"{problem['text_zh']} ({problem['text_en']})", *errors])
    except (ValueError, KeyError):
        return f"answer {answer.status_code}"
