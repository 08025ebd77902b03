"""The router's own cookies: their names, and their values in a request. Pure: no I/O, no clock."""

from typing import NamedTuple


class OwnCookie(NamedTuple):
    """A cookie of the router. `plain` is its name without TLS."""

    plain: str

    def name(self, *, secure: bool) -> str:
        """The only name that counts. Over TLS browsers take it only from this very host over TLS.

        A cookie with the plain name may there come from a page of a neighbouring host.
        """
        return f"__Host-{self.plain}" if secure else self.plain

    @property
    def names(self) -> frozenset[str]:
        """Both names: no service gets such a cookie, or sets one."""
        return frozenset({self.name(secure=False), self.name(secure=True)})


def cookie_values(cookies: str, name: str) -> list[str]:
    """The values of all cookies with this name in a `Cookie` header; others may have set some."""
    pairs = (each.strip(" \t").partition("=") for each in cookies.split(";"))
    return [value for found, _, value in pairs if found == name]
