"""Reads certificate files of the settings, by which servers are checked in TLS connections."""

import ssl

from hero_router.errors import ConfigError


def tls_context(variable: str, ca_file: str) -> ssl.SSLContext:
    """How a server's certificate is checked: by the authorities in a file (PEM).

    With "" they are those that the system trusts. `variable` is the setting that names the file.

    Raises:
        ConfigError: the file cannot be read, or holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise ConfigError(f"{variable}: {ca_file} holds no certificates (PEM)") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{variable}: {ca_file} cannot be read: {reason}") from None
