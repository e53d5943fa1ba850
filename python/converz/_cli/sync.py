"""``converz sync``: a warehouse brought up to date."""

from converz._cli.warehouse import SYNC as COMMAND

__all__ = ["COMMAND"]
