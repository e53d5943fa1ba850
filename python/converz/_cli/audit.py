"""``converz audit``: a warehouse compared with the service."""

from converz._cli.warehouse import AUDIT as COMMAND

__all__ = ["COMMAND"]
