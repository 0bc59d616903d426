"""Lock-out: how many attempts a name and an address have before they wait.

An attempt counts before the password is looked at and is taken back only when it was right, so a thousand guesses sent
at once are counted like a thousand sent one after the other. Names that do not exist lock like names that do. Time
alone unlocks: an administrator is never needed, and a stranger can keep someone out only for as long as he keeps
trying.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

__all__ = ["BY_ADDRESS", "BY_NAME", "Limit", "address_key", "locked_for", "name_key"]


@dataclass(frozen=True)
class Limit:
    """At most `attempts` within `window_s` seconds; after that, `window_s` seconds from the last counted attempt."""

    attempts: int
    window_s: int


BY_NAME = Limit(attempts=5, window_s=15 * 60)
BY_ADDRESS = Limit(attempts=30, window_s=15 * 60)


def name_key(name: str) -> str:
    """A digest: people type passwords into the wrong field, and those must not lie in the table."""
    return "name:" + hashlib.sha256(name.strip().casefold().encode("utf-8", "surrogatepass")).hexdigest()


def address_key(address: str) -> str:
    """IPv4 addresses singly, IPv6 by the /64 that one connection is given."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "address:unknown"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return f"address:{ip_network((int(parsed), 64), strict=False)}"
    return f"address:{getattr(parsed, 'ipv4_mapped', None) or parsed}"


def locked_for(attempts: Sequence[int], now: int, limit: Limit) -> int:
    """Seconds to wait before the next attempt (0: go on). `attempts` and `now` are Unix seconds, in any order.

    Attempts dated further ahead than a window were dated by a clock that was set back since: they count no more.
    """
    recent = sorted(at for at in attempts if now - limit.window_s < at < now + limit.window_s)
    if len(recent) < limit.attempts:
        return 0
    return max(1, recent[-1] + limit.window_s - now)
