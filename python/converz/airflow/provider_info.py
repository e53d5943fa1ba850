"""What Airflow is told of the provider. It asks while it starts, so nothing is imported here."""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]


def _field(label: str, kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "schema": {"type": [kind, "null"], **more},
        "description": description,
    }


FIELDS = {
    "timeout": _field("Timeout", "number", "Seconds for one request with its retries; 900 if empty."),
    "max_retries": _field("Retries", "integer", "How often a request is repeated; 5 if empty."),
    "page_size": _field("Rows a page", "integer", "At most 1,000,000; 100,000 if empty."),
    "max_concurrency": _field("Pages at once", "integer", "4 if empty."),
    "last_page": _field(
        "Which page ends a read",
        "string",
        "empty: one without rows, which proves that none follows. short: one with fewer rows than were asked for.",
        enum=["empty", "short"],
    ),
    "ca_file": _field("CA file", "string", "A file of PEM certificates to trust instead of the system's."),
    "proxy": _field("Proxy", "string", "The URL of a proxy instead of the environment's.", format="password"),
    "allow_http": _field("Plain HTTP", "boolean", "Allow plain HTTP to another machine."),
}
"""The settings that have a field of the form. All others of a client may stand in the extras, too."""


def get_provider_info() -> dict[str, Any]:
    """Describe the connection, its form and what there is."""
    return {
        "package-name": "converz",
        "name": "Converz",
        "description": "Conversations and users of the Converz Data API, into warehouses and back.",
        "integrations": [
            {
                "integration-name": "Converz",
                "external-doc-url": "https://converz.co",
                "tags": ["service"],
            }
        ],
        "hooks": [{"integration-name": "Converz", "python-modules": ["converz.airflow.hook"]}],
        "operators": [
            {
                "integration-name": "Converz",
                "python-modules": [
                    "converz.airflow.operators.audit",
                    "converz.airflow.operators.export",
                    "converz.airflow.operators.sync",
                    "converz.airflow.operators.update",
                ],
            }
        ],
        "connection-types": [
            {
                "connection-type": "converz",
                "hook-class-name": "converz.airflow.hook.ConverzHook",
                "hook-name": "Converz",
                "conn-fields": FIELDS,
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login", "port"],
                    "relabeling": {"host": "Base URL", "password": "API key"},
                    "placeholders": {
                        "host": "https://yourdomain.converz.co",
                        "password": "the key of the Data API",
                        "timeout": "900",
                        "max_retries": "5",
                        "page_size": "100000",
                        "max_concurrency": "4",
                        "ca_file": "/etc/ssl/certs/own.pem",
                        "proxy": "http://proxy.example:3128",
                    },
                },
            }
        ],
    }
