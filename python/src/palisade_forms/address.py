"""Finds the visitor's address: the peer of the socket, or the address that trusted proxies report.

It never guesses. With a header that any client can send, a client could reset every limit. With the
address of a proxy, all visitors would count as one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Union

from .errors import Unreadable

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_MAX_HOPS = 32  # most addresses read of a header; a real chain has a handful
_MAX_HEADER = 4096


class ClientAddress:
    """Finds the visitor's address.

    ``trusted`` names proxies by address or CIDR; ``"unix"`` is a proxy that connects
    through a socket file and so has no address. X-Forwarded-For is read only when the
    peer is one of them, and from the right: the end that the nearest proxy wrote.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        names = [trusted] if isinstance(trusted, str) else list(trusted)
        self._unix = "unix" in names
        self._networks = [_network(name) for name in names if name != "unix"]

    def find(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """The address, or :class:`Unreadable`: an unknown visitor is refused."""
        if not peer and self._unix:
            return str(self._walk(forwarded))
        address = _parse(peer or "")
        if not self._trusts(address):
            return str(address)
        return str(self._walk(forwarded))

    def _walk(self, forwarded: Iterable[str]) -> Address:
        text = ",".join(forwarded)
        hops = text.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]
        if not text or len(text) > _MAX_HEADER:
            raise Unreadable(400, "address")
        for hop in reversed(hops):
            address = _parse(hop.strip())
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _network(name: str) -> Network:
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        raise ValueError(f"{name!r} is neither an address nor a CIDR") from None
    if network.prefixlen == 0:
        raise ValueError(f"{name!r} trusts everybody")
    return network


def _parse(text: str) -> Address:
    """An address with or without port, brackets and zone."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise Unreadable(400, "address") from None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
