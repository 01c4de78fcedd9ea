"""Requests that can only reach the public internet.

A stranger's URL may name a service inside our own network, directly, by a redirect, or by a name that resolves to
another address at the second look-up. So each hop is resolved once, every address of it must be public, and the
connection goes to exactly that address while Host and TLS keep the name.
"""

import ipaddress
import socket

import httpx

from catalog.errors import Fetch

PORTS = frozenset({80, 443})


def pinned_request(url: httpx.URL) -> httpx.Request:
    """A GET request for a URL that connects to the checked address of its host.

    Raises:
        Fetch: code `forbidden` for an address that is not public or a port other than 80 and 443; `unreachable` if
            the name does not resolve.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    if port not in PORTS:
        raise Fetch("forbidden", f"{url.host}: port {port} is not one of {sorted(PORTS)}")
    address = public_address(url.host, port)
    literal = f"[{address}]" if ":" in address else address
    host = url.netloc.decode("ascii").rpartition("@")[2]
    return httpx.Request(
        "GET",
        url.copy_with(host=literal, userinfo=b""),
        headers={"Host": host},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


def public_address(host: str, port: int) -> str:
    """Resolve a host to one IP address, refusing it if any of its addresses is not public.

    Raises:
        Fetch: code `forbidden` or `unreachable`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Fetch("unreachable", f"{host}: the name does not resolve") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not is_public(address):
            raise Fetch("forbidden", f"{host}: not an address on the public internet")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is globally routable unicast; addresses that wrap another are judged by that one.

    Python 3.11 takes some for global that are not, among them what clouds answer their own machines on.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in net for net in _NOT_GLOBAL)


_NOT_GLOBAL = (
    ipaddress.ip_network("192.0.0.0/24"),  # protocol assignments (RFC 6890); metadata of some clouds
    ipaddress.ip_network("192.88.99.0/24"),  # relays of 6to4, given up (RFC 7526)
    ipaddress.ip_network("168.63.129.16"),  # Azure's own, which hands out a machine's certificates
    ipaddress.ip_network("3fff::/20"),  # documentation (RFC 9637)
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
