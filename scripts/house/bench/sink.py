"""The reference of the upload benchmark: a bare aiohttp server over TLS that takes a PUT, hashes it, writes it, fsyncs it. Nothing else."""

from __future__ import annotations

import hashlib
import os
import ssl
import sys
from pathlib import Path

from aiohttp import web


async def put(request: web.Request) -> web.Response:
    folder = Path(request.app["folder"])
    digest = hashlib.sha256()
    handle = os.open(folder / "sink", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        async for piece in request.content.iter_any():
            digest.update(piece)
            os.write(handle, piece)
        os.fsync(handle)
    finally:
        os.close(handle)
    return web.Response(text=digest.hexdigest())


def main() -> None:
    port, folder, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    app = web.Application(client_max_size=1 << 40)
    app["folder"] = folder
    app.router.add_put("/sink", put)
    web.run_app(
        app,
        host="127.0.0.1",
        port=port,
        ssl_context=context,
        print=lambda text: print("ready", flush=True),
        handle_signals=True,
    )


if __name__ == "__main__":
    main()
