"""Writes where a forge keeps the project into pyproject.toml, as the URLs that a wheel's metadata shows.

    python .ci/urls.py https://forge.example/owner/project [https://owner.example/project/]

The second is the documentation's address. The workflow that builds wheels passes its own repository, so that no address
stands in the sources that moves with the project or is wrong in a fork.
"""

from __future__ import annotations

import sys
from pathlib import Path


def table(repository: str, documentation: str | None) -> str:
    """Return the table ``[project.urls]``."""
    repository = repository.rstrip("/")
    urls = {
        "Source": repository,
        "Documentation": documentation or f"{repository}/tree/main/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
        "Security": f"{repository}/security/policy",
    }
    return "\n[project.urls]\n" + "".join(f'{name} = "{url}"\n' for name, url in urls.items())


def main(repository: str, documentation: str | None = None) -> None:
    """Write the table into pyproject.toml of the current folder, after the project's own."""
    path = Path("pyproject.toml")
    text = path.read_text(encoding="utf-8")
    before, found, after = text.partition("\n[project.optional-dependencies]\n")
    if not found or "[project.urls]" in text:
        message = "pyproject.toml has no [project.optional-dependencies], or has its URLs already"
        raise SystemExit(message)
    path.write_text(before + table(repository, documentation) + found + after, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
