"""Who may ask: browsers that show this very page, and local programs."""

import ipaddress

from tfgan_zoo.extras import needed_by

with needed_by("The page of explore"):
    from aiohttp import web

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def is_loopback(host):
    """Whether an address or name is of this machine alone."""
    return host == "localhost" or bool((found := _address(host)) and found.is_loopback)


def guarded(host):
    """A middleware of aiohttp that refuses requests of other pages, and sets headers on all answers.

    A page of another site reaches a local server under a name of its own (DNS rebinding), which the
    Host header tells; without that, its requests bear its Origin.

    Args:
        host: The address or name that is listened on.
    """

    @web.middleware
    async def guard(request, handler):
        try:
            problem = _problem(request, host)
            answer = web.json_response({"error": problem}, status=403) if problem else None
            answer = answer or await handler(request)
        except web.HTTPException as error:  # 404, 405, 413 of aiohttp itself
            sentence = f"{error.reason}: {request.method} {request.path[:80]}"
            answer = web.json_response({"error": sentence}, status=error.status)
        answer.headers.update(_HEADERS)
        return answer

    return guard


def _problem(request, host):
    """Why a request is refused, or None."""
    name = _name(request.headers.get("Host", ""))
    if not _is_ours(name, host):
        return f"This page is not served under the name {name[:80]!r}."
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin != f"http://{request.headers['Host']}":
        return f"Pages of {origin[:80]} may not ask this server."
    is_page = request.method == "GET" and not request.path.startswith("/api/")
    if site not in (None, "same-origin", "none") and not is_page:
        return "Pages of other sites may not ask this server."
    if request.method not in ("GET", "HEAD") and request.headers.get("X-Explore") != "1":
        return "Requests that change something carry the header X-Explore: 1."
    return None


def _name(host):
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _is_ours(name, host):
    if is_loopback(name):
        return True
    return not is_loopback(host) and (name == host or _address(name) is not None)


def _address(host):
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
