"""What a recording tells."""

from __future__ import annotations

import json
from pathlib import Path


def contents(path: Path) -> str:
    """All that a recording has, decompressed."""
    import pyarrow as pa

    text = path.read_text()
    bodies = Path(f"{path}.bodies").read_bytes()
    for line in text.splitlines()[1:-1]:
        exchange = json.loads(line)
        for part in (exchange.get("sent"), exchange["received"]):
            if part is not None:
                piece = bodies[part["at"] : part["at"] + part["bytes"]]
                text += pa.decompress(piece, part["size"], codec="zstd", asbytes=True).decode()
    return text
