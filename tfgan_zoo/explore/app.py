"""The routes of the page, and the loop that serves them."""

import asyncio
import functools
import importlib.resources
import signal

from tfgan_zoo.explore import guards, pictures, query
from tfgan_zoo.explore.work import Busy, Worker, sentence
from tfgan_zoo.extras import needed_by

with needed_by("The page of explore"):
    from aiohttp import web

_PAGE = {
    "/": ("index.html", "text/html"),
    "/explore.css": ("explore.css", "text/css"),
    "/explore.js": ("explore.js", "text/javascript"),
    "/controls.js": ("controls.js", "text/javascript"),
    "/explore.svg": ("explore.svg", "image/svg+xml"),
}
_MISTAKES = (ValueError, TypeError)
_ENDING = (signal.SIGINT, signal.SIGTERM)


class Explore:
    """Answers of a page about one model.

    Args:
        backend: `Drawing`, `Translation` or `ServedModel`.
        name: What the user calls the model.
        host: The address or name that is listened on.
    """

    def __init__(self, backend, name, host="127.0.0.1"):
        self.backend, self.name, self._host = backend, name, host
        self.worker, self._described, self._directions = Worker(), backend.describe(), None

    def application(self):
        """The `aiohttp.web.Application`."""
        options = {
            "middlewares": [guards.guarded(self._host), _told],
            "client_max_size": pictures.MAX_BYTES,
        }
        made = web.Application(**options)
        for path, (file, kind) in _PAGE.items():
            made.router.add_get(path, _file(file, kind))
        made.router.add_get("/api/model", self.model)
        made.router.add_get("/api/image", self.image)
        made.router.add_get("/api/command", self.command)
        made.router.add_get("/api/directions", self.directions)
        made.router.add_get("/api/job", self.job)
        made.router.add_delete("/api/job", self.cancel)
        made.router.add_post("/api/picture", self.picture)
        for name in self.backend.jobs:
            made.router.add_post(f"/api/{name}", functools.partial(self.start, name))
        made.on_cleanup.append(self._close)
        return made

    async def model(self, request):
        query.parsed(request.query, ())
        page = {"name": self.name, "is_local": guards.is_loopback(self._host)}
        return web.json_response({**page, "max_bytes": pictures.MAX_BYTES, **self._described})

    async def image(self, request):
        asked = query.parsed(request.query, self.backend.image_parameters)
        png = await self.worker.run(functools.partial(self.backend.image, asked))
        return web.Response(body=png, content_type="image/png")

    async def command(self, request):
        asked = query.parsed(request.query, self.backend.image_parameters)
        return web.json_response({"command": self.backend.command(asked)})

    async def directions(self, request):
        query.parsed(request.query, ())
        if self._directions is None:  # kept, so that a page opens while a job runs
            self._directions = await self.worker.run(self.backend.directions)
        return web.json_response(self._directions)

    async def picture(self, request):
        """Keeps an uploaded picture: its bytes are the body."""
        query.parsed(request.query, ())
        if not self.backend.takes_pictures:
            raise ValueError("This model takes no pictures.")
        contents = await request.read()
        width, height = await self.worker.run(functools.partial(pictures.checked, contents))
        key = self.backend.uploads.put(contents, contents)
        return web.json_response({"picture": key, "width": width, "height": height})

    async def start(self, name, request):
        kind, allowed, function = self.backend.jobs[name]
        asked = query.parsed(request.query, allowed)
        job = self.worker.start(kind, functools.partial(function, asked))
        return web.json_response(job.shown(), status=202)

    async def job(self, request):
        query.parsed(request.query, ())
        job = self.worker.job
        return web.json_response(job.shown() if job else {"state": "none"})

    async def cancel(self, request):
        query.parsed(request.query, ())
        self.worker.cancel()
        return web.json_response({})

    async def _close(self, _):
        self.worker.close()


def _file(name, kind):
    """A handler that answers with a file of the package, read once."""
    text = (importlib.resources.files("tfgan_zoo.explore") / "page" / name).read_text("utf-8")

    async def answer(_):
        return web.Response(text=text, content_type=kind, charset="utf-8")

    return answer


@web.middleware
async def _told(request, handler):
    """Exceptions as answers with a sentence."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        most = pictures.MAX_BYTES / 2**20
        error, status = f"The picture has more than {most:g} MiB.", 413
    except _MISTAKES as found:
        error, status = sentence(found), 400
    except Busy as found:
        error, status = str(found), 409
    except web.HTTPException:
        raise
    except Exception as found:  # of a server that is asked, or of TensorFlow
        error, status = sentence(found), 500
    return web.json_response({"error": error}, status=status)


def serve(backend, name, host, port, ready):
    """Serves the page until SIGINT or SIGTERM, and ends what is computed; a second one ends the process.

    Args:
        backend, name: See `Explore`.
        host, port: What is listened on; port 0 takes a free one.
        ready: Function of the page's address, called once it can be opened.

    Raises:
        OSError: The port is taken, or the address is none of this machine.
    """
    asyncio.run(_serve(Explore(backend, name, host), host, port, ready))


async def _serve(explore, host, port, ready):
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end():  # a second signal ends all at once: what is computed may last minutes
        ended.set()
        for number in _ENDING:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in _ENDING:
        loop.add_signal_handler(number, end)
    runner = web.AppRunner(explore.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{runner.addresses[0][1]}/")
        await ended.wait()
    finally:
        await runner.cleanup()
