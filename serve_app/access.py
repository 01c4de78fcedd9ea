"""Whether callers need a key at all, by where the API is served."""

import ipaddress
from typing import Literal

from catalog.errors import InvalidInput

Access = Literal["keys", "loopback", "anyone"]
"""Who may call: holders of a key; anyone on this machine, and the API is served on loopback only; anyone."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_access(access: Access, host: str | None) -> None:
    """Raise InvalidInput where `loopback` is promised and something else is listened on.

    Args:
        access: as configured.
        host: the address that Serve's proxies listen on; None if they do not.
    """
    if access == "loopback" and host is not None and not is_loopback(host):
        raise InvalidInput(
            f"the API would be open to whoever reaches {host}: make keys with `windowshop keys create` and set "
            "`access: keys` in the application's args, or say `access: anyone` if that is what you want"
        )
