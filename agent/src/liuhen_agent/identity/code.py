"""The one-time code an administrator types: a secret for the archive, and a fingerprint by which the archive is known.

    code = secret "." first 32 hex digits of SHA-256(CA certificate, DER)

The dock has never met the archive. The fingerprint lets it know the archive's own certificate authority before it says a word;
128 bits of a hash are enough, since an attacker would need a second certificate with the same prefix.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_CODE = re.compile(r"(?P<secret>[A-Za-z0-9_-]{8,128})\.(?P<fingerprint>[0-9a-f]{32})")


class EnrolmentFailed(Exception):
    """Enrolment did not happen. `code` is a short word, the text says what happened and what to do."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(frozen=True)
class EnrolmentCode:
    """`text` is sent to the archive whole; it never appears in a representation, so never in a log."""

    text: str = field(repr=False)
    fingerprint: str

    @classmethod
    def parse(cls, text: str) -> EnrolmentCode:
        """Raises EnrolmentFailed("bad-code")."""
        match = _CODE.fullmatch(text.strip())
        if match is None:
            raise EnrolmentFailed(
                "bad-code",
                "登记码不完整 / The enrolment code is not complete: it is a secret, a dot and 32 hexadecimal digits."
                " Copy it whole from `liuhen-server dock add`.",
            )
        return cls(text.strip(), match["fingerprint"])


def pick_authority(chain: Sequence[bytes], fingerprint: str) -> bytes:
    """The certificate (DER) of `chain` that the code names. Raises EnrolmentFailed("wrong-archive")."""
    for der in chain:
        if hmac.compare_digest(hashlib.sha256(der).hexdigest()[: len(fingerprint)], fingerprint):
            return der
    raise EnrolmentFailed(
        "wrong-archive",
        "证据库的证书机构与登记码不符，未发送任何内容 / Whoever answers at this address does not show the certificate authority"
        " that the enrolment code names; nothing was sent. Check the address and the code, and that nobody stands in between.",
    )
