"""The page of `explore` on a free port, served by a thread of this process."""

import asyncio
import contextlib
import io
import threading

import numpy as np
from aiohttp import web
from cases import enlarge, make
from PIL import Image

from tfgan_zoo import latent
from tfgan_zoo.explore.app import Explore


@contextlib.contextmanager
def explored(backend, host="127.0.0.1"):
    """Yields the address of a page, without "/" at its end, and its `Explore`."""
    explore, loop, ready = (
        Explore(backend, "tiny", host),
        asyncio.new_event_loop(),
        threading.Event(),
    )
    found = []

    async def start():
        runner = web.AppRunner(explore.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host, 0).start()
        found.extend([runner, f"http://{host}:{runner.addresses[0][1]}"])
        ready.set()

    def run():
        loop.create_task(start())
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield found[1], explore
    finally:
        asyncio.run_coroutine_threadsafe(found[0].cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def edited(gan, **edit):
    """The image of an `Edit`, uint8 `[H, W, C]`."""
    return latent.Editor(gan).image(latent.Edit(**edit))


def tiny(variant):
    """A tiny model whose images differ."""
    gan = make(variant)
    for average, network in gan.ema_pairs():
        enlarge(network, 3)
        enlarge(average, 3)
    return gan


def picture(height=8, width=8, channels=1, seed=0, format="PNG"):
    """The bytes of a file with random pixels."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


def pixels(png):
    """uint8 `[H, W, C]` of a PNG file, bytes or a path."""
    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as image:
        found = np.asarray(image)
    return found if found.ndim == 3 else found[..., None]
