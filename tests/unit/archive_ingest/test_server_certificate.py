"""The server's certificate is renewed while docks connect: nobody is cut off, nothing crashes, the new one is shown."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

from liuhen_server.registry.authority import Authority
from liuhen_server.serve import _Contexts

ROUNDS = 12


async def test_certificate_renewed_while_docks_connect_is_taken_up_without_a_crash(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", "test.example/log", ("127.0.0.1",), datetime.now(UTC))
    contexts = _Contexts(authority, ("127.0.0.1",))
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=contexts.devices)
    port = server.sockets[0].getsockname()[1]
    shown: set[bytes] = set()

    async def connect() -> None:
        client = ssl.create_default_context(cadata=authority.pem.decode())
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        shown.add(found)
        writer.close()

    async with server:
        for _ in range(ROUNDS):
            (authority.folder / "server.pem").unlink()
            await asyncio.gather(contexts.renew(), *(connect() for _ in range(4)))
        await connect()
    newest = ssl.PEM_cert_to_DER_cert(
        (authority.folder / "server.pem").read_text().split("-----END CERTIFICATE-----")[0]
        + "-----END CERTIFICATE-----"
    )
    assert newest in shown and len(shown) > 1
