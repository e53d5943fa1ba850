"""The real Airflow, offline, in a folder of its own: what its processes, its API and its database say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import converz
from support import postgres

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CANARY = "canary-7f3e91c2b8d64a05"
# Where tests import Airflow itself, it reads and writes nothing of the machine's.
os.environ |= {"AIRFLOW_HOME": tempfile.mkdtemp(prefix="airflow-"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
AIRFLOW = Path(sys.executable).with_name("airflow")


def rows_of(path: Path) -> int:
    import pyarrow.parquet

    return pyarrow.parquet.read_metadata(path).num_rows


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Airflow:
    """One installation: a home, a database, and processes that are started in it."""

    def __init__(self, home: Path, database: str, environment: dict[str, str]) -> None:
        self.home = home
        self.database = database
        self.port = free_port()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CONVERZ"))
        }
        self.environment |= {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__API__WORKERS": "1",
            # With SQLite, a backfill and the scheduler lock each other out.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.replace("postgresql:", "postgresql+psycopg2:"),
            "AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES": "airflow.* converz.Table",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "6",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "3600",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        } | environment

    def run(self, *command: str, dags: Path, timeout: float = 280) -> str:
        """What a command says, which must succeed."""
        finished = subprocess.run(
            [AIRFLOW, *command],
            env=self.environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        (self.home / f"said-{time.monotonic_ns()}.log").write_text(finished.stdout)
        assert finished.returncode == 0, finished.stdout[-8000:]
        return finished.stdout

    @contextlib.contextmanager
    def running(self, dags: Path):
        """The server of the API, the scheduler with its executor, and the processor of Dags, until the end."""
        processes = []
        try:
            for command in ("api-server", "scheduler", "dag-processor"):
                with (self.home / f"{command}.log").open("w") as log:
                    process = subprocess.Popen(
                        [AIRFLOW, command],
                        env=self.environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)},
                        cwd=self.home,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                processes.append(process)
            self.wait(self.is_healthy, 180, "healthy")
            yield
        finally:
            # They and all that they started, and nobody else: each is a session of its own.
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def wait(self, fulfilled, seconds: float, what: str):
        """Wait for other processes' work, which nothing tells of."""
        until = time.monotonic() + seconds
        while not (value := fulfilled()):
            if time.monotonic() > until:
                logs = (path.read_text()[-3000:] for path in self.home.glob("*.log"))
                pytest.fail(f"not {what} in {seconds} s: " + "\n".join(logs))
            time.sleep(0.5)
        return value

    def is_healthy(self) -> bool:
        try:
            health = self.ask("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
        )

    def ask(self, method: str, path: str, body: object = None):
        """Ask the API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token(path)}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def _token(self, path: str) -> str:
        if path.endswith("/health"):
            return ""
        if not hasattr(self, "token"):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/auth/token", timeout=30) as answer:
                self.token = json.loads(answer.read())["access_token"]
        return self.token

    def rows(self, sql: str) -> list[tuple]:
        """What its database says."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def trigger(self, dag: str) -> str:
        """Start a run, and return its id."""
        return self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]

    def state(self, dag: str, run: str) -> str:
        return self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"]

    def ended(self, dag: str, run: str, seconds: float = 120) -> str:
        states = {"success", "failed"}
        return self.wait(
            lambda: (state := self.state(dag, run)) in states and state, seconds, f"{dag} has ended"
        )

    def xcom(self, dag: str, run: str, task: str, key: str = "return_value"):
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}?stringify=false"
        return self.ask("GET", path)["value"]

    def log(self, dag: str, run: str) -> str:
        """What a run's tasks wrote."""
        folder = self.home / "logs" / f"dag_id={dag}" / f"run_id={run}"
        return "".join(path.read_text() for path in sorted(folder.rglob("*.log")))


@pytest.fixture(scope="session")
def service():
    """A contact centre of a month, whose key must be nowhere else."""
    with converz.Sandbox(calls=900, reps=8, days=31, today="2025-07-31", api_key=CANARY) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def database():
    """A function that makes an empty database, and returns its URL."""
    from adbc_driver_postgresql import dbapi

    server = postgres.server()

    def make(name: str) -> str:
        with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return server.rpartition("/")[0] + f"/{name}"

    return make


def connection_of(url: str) -> str:
    parts = urlsplit(url)
    said = {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "login": parts.username,
        "schema": parts.path[1:],
    }
    return json.dumps(said)


@pytest.fixture(scope="session")
def warehouse(database) -> str:
    return database("warehouse")


@pytest.fixture(scope="session")
def airflow(service, database, warehouse, tmp_path_factory):
    """An installation whose connections come from the environment, as from a backend of secrets."""
    home = tmp_path_factory.mktemp("airflow")
    asked = {"conn_type": "converz", "host": service.url, "password": CANARY, "extra": {"timeout": "60"}}
    environment = {
        "AIRFLOW_CONN_CONVERZ_DEFAULT": json.dumps(asked),
        "AIRFLOW_CONN_WAREHOUSE": connection_of(warehouse),
        "AIRFLOW_CONN_MARKED": connection_of(database("marked")),
        "AIRFLOW_CONN_KILLED": connection_of(database("killed")),
        "CONVERZ_EXPORTS": str(home / "exports"),
        "CONVERZ_ROWS": str(home / "rows.csv"),
    }
    installed = Airflow(home, database("airflow"), environment)
    installed.run("db", "migrate", dags=HERE / "dags")
    return installed
