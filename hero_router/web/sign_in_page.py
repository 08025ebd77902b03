"""The HTML of the pages to sign in, which have no scripts."""

import html
from dataclasses import dataclass

from aiohttp import web

from hero_router.access.oidc import PATH as OIDC_PATH
from hero_router.errors import RouterError, TooManyAttempts
from hero_router.web.browser_sessions import SIGN_IN_PATH, query_of
from hero_router.web.errors import http_error_info


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The page on which a person signs in.

    `stylesheet` is the path of its style sheet. `provider` is the host of the OpenID provider, ""
    without one. `has_tokens` says whether tokens are taken.
    """

    stylesheet: str
    provider: str
    has_tokens: bool

    def form(self, prefix: str, next_path: str, error: RouterError | None = None) -> web.Response:
        """What a person needs to sign in, and why the last try was refused.

        `prefix` is what a proxy in front has cut from the page's path. `next_path` is where the
        person goes afterwards, as the browser sees it.
        """
        info = http_error_info(error) if error else None
        parts = [f'<p class="refused" role="alert">{html.escape(info.message)}</p>'] if info else []
        if self.provider:
            address = f"{prefix}{OIDC_PATH}{query_of(next_path)}"
            parts.append(_PROVIDER.format(address=_escaped(address), host=_escaped(self.provider)))
        if self.has_tokens:
            action, to = _escaped(prefix + SIGN_IN_PATH), _escaped(next_path)
            parts.append(_FORM.format(action=action, next=to))
        if not (self.provider or self.has_tokens):
            parts.append(_NOTHING)
        status = 200
        if info is not None:
            status = 403 if info.status == 401 else info.status
        response = self._page(prefix, "".join(parts), status=status)
        if isinstance(error, TooManyAttempts):
            response.headers["Retry-After"] = "60"
        return response

    def onward(self, prefix: str, path: str) -> web.Response:
        """A page that goes on to a path of the router by itself.

        Not a redirect: a browser that comes from the provider follows one without the session's
        cookie, which is only for requests that the router's own pages cause (SameSite=Strict).
        """
        to = _escaped(path)
        return self._page(prefix, _ONWARD.format(to=to), head=_ONWARD_HEAD.format(to=to))

    def _page(self, prefix: str, body: str, *, head: str = "", status: int = 200) -> web.Response:
        return web.Response(
            status=status,
            text=_PAGE.format(stylesheet=_escaped(prefix + self.stylesheet), head=head, body=body),
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)


_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  {head}<title>Sign in · hero_router</title>
  <link rel="stylesheet" href="{stylesheet}">
</head>
<body class="sign-in">
  <main>
    <h1>hero_router</h1>
{body}  </main>
</body>
</html>
"""

_PROVIDER = """    <p><a class="provider" href="{address}">Sign in with {host}</a></p>
    <p>You sign in there, with your account at {host}, and come back here.</p>
"""

_FORM = """    <form method="post" action="{action}">
      <input name="username" value="hero_router" autocomplete="username" hidden>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required
             autofocus>
      <input type="hidden" name="next" value="{next}">
      <button>Sign in</button>
    </form>
    <p>The token is what the router was started with: <code>ROUTER_TOKEN</code>, or one that its
      operator gave you.</p>
"""

_NOTHING = """    <p>This router has no sign-in of its own. A proxy in front of it may have one;
      its operator can set <code>ROUTER_TOKEN</code> or <code>ROUTER_OIDC_ISSUER</code>.</p>
"""

_ONWARD_HEAD = """<meta name="referrer" content="no-referrer">
  <meta http-equiv="refresh" content="0;url={to}">
  """

_ONWARD = """    <p>You are signed in. <a href="{to}">Go on</a></p>
"""
