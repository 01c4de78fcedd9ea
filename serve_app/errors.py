"""Errors that only serving knows; the rest of the tree is in `catalog.errors`."""

from catalog.errors import InvalidInput, NotFound, WindowshopError


class TooLarge(InvalidInput):
    """A request body or picture above the limit."""

    code = "too_large"


class NoRelease(WindowshopError):
    """No release is live yet; one may be soon."""

    code = "no_release"


class Full(WindowshopError):
    """All places of a deployment and its queue are taken."""

    code = "full"


class Unavailable(WindowshopError):
    """A deployment has no replica that could answer."""

    code = "unavailable"


class NotReady(WindowshopError):
    """A part that the shop needs does not answer; the message names each."""

    code = "not_ready"


class ReleaseGone(NotFound):
    """A cursor names a release that this application no longer has."""

    code = "release_gone"


class NoNavigator(WindowshopError):
    """The live release has no Navigator that could be used, so there is no assistant; everything else goes on."""

    code = "no_navigator"


class EncoderBehind(WindowshopError):
    """The vectors of a query were made by an encoder version that no open release has.

    Happens for moments while a new release with a new encoder comes in. `wanted` is the version to encode with instead.
    """

    code = "encoder_behind"

    def __init__(self, wanted: str, got: str) -> None:
        super().__init__(f"the catalogue needs encoder {wanted!r}, the query was encoded with {got!r}")
        self.wanted = wanted
        self.got = got

    def __reduce__(self) -> tuple[type["EncoderBehind"], tuple[str, str]]:
        return type(self), (self.wanted, self.got)


class Unauthorized(WindowshopError):
    """A request without a key that opens anything."""

    code = "unauthorized"

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        super().__init__(message)
        challenge = 'Bearer realm="windowshop"'
        self.headers = {"WWW-Authenticate": f'{challenge}, error="invalid_token"' if invalid else challenge}


class Forbidden(WindowshopError):
    """A key that may not do this, or not for this person."""

    code = "forbidden"

    def __init__(self, message: str, scope: str | None = None) -> None:
        super().__init__(message)
        challenge = f'Bearer realm="windowshop", error="insufficient_scope", scope="{scope}"'
        self.headers = {"WWW-Authenticate": challenge} if scope else {}


class RateLimited(WindowshopError):
    """More requests than a key may make."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after_s)}
