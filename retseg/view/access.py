"""Who may ask the page's server: only this page, opened by the address that was printed.

A page from elsewhere, open in the same browser, can send requests to 127.0.0.1 too. It does not know the token, its
`Origin` is another, and a name of its own that it has pointed to 127.0.0.1 (DNS rebinding) stands in `Host`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from retseg.errors import RetsegError

LOOPBACK = "127.0.0.1"
TOKEN_HEADER = "x-retseg-token"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: the browser runs and asks for nothing from elsewhere, and keeps nothing."""


class RefusedError(RetsegError):
    """A request that cannot be answered; the message says why."""


@dataclass(frozen=True)
class Access:
    """What a request must show.

    Attributes:
        port: that the server listens on.
        token: random, in the fragment of the address; the page sends it back in a header.
    """

    port: int
    token: str

    @property
    def hosts(self) -> tuple[str, ...]:
        """The `Host` of requests of this page."""
        return f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"

    @property
    def address(self) -> str:
        """What the user opens. A browser never sends the fragment, so the token is in no log and no `Referer`."""
        return f"http://{LOOPBACK}:{self.port}/#{self.token}"

    def refuse(self, headers: Mapping[str, str], open_to_all: bool) -> str:
        """Why a request is refused, as a sentence; empty where it is not.

        Args:
            headers: of the request, with names in lower case.
            open_to_all: the page itself and its files, which hold nothing of the user; they need no token.
        """
        if headers.get("host", "") not in self.hosts:
            return f"this server answers only as {self.hosts[0]}: open the address that `retseg view` printed"
        origin = headers.get("origin", "")
        if origin and origin not in {f"http://{host}" for host in self.hosts}:
            return "a page of another origin may not ask here: open the address that `retseg view` printed"
        if open_to_all:
            return ""
        if not hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            return "the token is missing or old: open the address that `retseg view` printed, with all after #"
        return ""
