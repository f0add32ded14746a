"""Commands on an installation: what they say, and the exit codes that programs read."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from steelyard import diagnosis
from steelyard.cli import steelyard
from tests.cli.commands import free_port

Told = Callable[..., Result]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Told:
    """Give a command; `database` is its DATABASE_URL."""

    def told(*arguments: str, database: str, **environ: str) -> Result:
        monkeypatch.setenv("STEELYARD_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DATABASE_URL", database)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(steelyard, list(arguments))

    return told


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def findings(result: Result) -> dict[str, dict[str, object]]:
    return {finding["what"]: finding for finding in json.loads(result.stdout)}


def test_an_empty_database_is_migrated_once(tell: Told, empty_database_url: str) -> None:
    refused = tell("check", database=empty_database_url)
    first = tell("migrate", database=empty_database_url)
    second = tell("migrate", database=empty_database_url)

    assert refused.exit_code == 1
    assert "Run: steelyard migrate" in refused.stderr
    assert first.exit_code == 0
    assert "0001_the_house.sql" in first.stdout
    assert second.stdout.strip() == "The database is up to date."


def test_a_true_database_passes_the_check(tell: Told, worker_database_url: str) -> None:
    in_words = tell("check", database=worker_database_url)
    as_json = tell("check", "--json", database=worker_database_url)

    assert (in_words.exit_code, as_json.exit_code) == (0, 0)
    assert "checks hold" in in_words.stdout
    assert json.loads(as_json.stdout) == []


def test_what_is_untrue_is_named_and_ends_with_three(tell: Told, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        # A balance that no transfer brought about.
        connection.execute(
            """
            INSERT INTO ledger_accounts (owner_id, kind, currency, debits, credits)
            VALUES (gen_random_uuid(), 'held', 'CNY', 0, 500)
            """
        )
    in_words = tell("check", database=database_url)
    as_json = tell("check", "--json", database=database_url)

    assert (in_words.exit_code, as_json.exit_code) == (3, 3)
    assert "✗" in in_words.stdout
    assert json.loads(as_json.stdout)[0]["rows"]


def test_the_sales_of_a_period_come_for_people_and_for_programs(tell: Told, worker_database_url: str) -> None:
    period = ["report", "sales", "--from", "2010-12-01", "--to", "2011-12-09"]
    as_json = tell(*period, "--definition", "published", "--json", database=worker_database_url)
    in_words = tell(*period, database=worker_database_url)

    assert {"rows", "customers", "invoices", "revenue"} <= set(json.loads(as_json.stdout))
    assert "revenue" in in_words.stdout


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("postgresql://127.0.0.1:1/nobody", "The database does not answer"),
        ("nonsense", "A setting in the environment is wrong"),
    ],
)
@pytest.mark.parametrize(
    "command", [["check"], ["migrate"], ["report", "sales", "--from=2026-01-01", "--to=2026-01-02"]]
)
def test_an_obstacle_is_one_sentence(tell: Told, command: list[str], database: str, words: str) -> None:
    told = tell(*command, database=database)

    assert told.exit_code == 1
    assert words in told.stderr
    assert "Traceback" not in told.output
    assert len(told.stderr.strip().splitlines()) == 1


def test_a_backup_of_nothing_reachable_is_one_sentence(tell: Told, tmp_path: Path) -> None:
    told = tell("backup", str(tmp_path / "x.backup"), database="postgresql://127.0.0.1:1/nobody")

    assert told.exit_code == 1
    assert "The database does not answer" in told.stderr


def test_a_wrong_setting_is_named(tell: Told, worker_database_url: str) -> None:
    told = tell("check", database=worker_database_url, PORT="eighty")

    assert told.exit_code == 1
    assert "port" in told.stderr


@pytest.mark.parametrize("command", ["serve", "work", "doctor"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEELYARD_SIMPAY_WEBHOOK_SECRET", "not base64!"),
        ("STEELYARD_BANK_WEBHOOK_SECRET", "whsec_abc"),
        ("STEELYARD_TRUSTED_PROXIES", "10.0.0.0/8, my proxy"),
    ],
)
def test_a_setting_that_would_fail_later_is_named_at_the_start(
    tell: Told, worker_database_url: str, command: str, name: str, value: str
) -> None:
    told = tell(command, database=worker_database_url, **{name: value})

    assert told.exit_code == 1
    assert name in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_the_doctor_finds_that_webhooks_cannot_be_verified(tell: Told, worker_database_url: str) -> None:
    told = tell("doctor", "--json", database=worker_database_url, STEELYARD_SIMPAY_URL="http://127.0.0.1:8101")

    assert findings(told)["webhooks of simpay"]["advice"] == "set STEELYARD_SIMPAY_WEBHOOK_SECRET"


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_told_in_one_sentence(
    tell: Told, worker_database_url: str, listener: int, command: str
) -> None:
    told = tell(command, database=worker_database_url, PORT=str(listener))

    assert told.exit_code == 1
    assert f"Port {listener} is taken" in told.stderr


def test_a_full_disk_is_told_in_one_sentence(
    tell: Told, worker_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard.demo import running  # noqa: PLC0415

    monkeypatch.setattr(running, "FREE_MEGABYTES_MIN", 10**12)
    told = tell("demo", database=worker_database_url, PORT=str(free_port()))

    assert told.exit_code == 1
    assert "MB are free under" in told.stderr


def test_the_doctor_finds_a_database_that_is_not_migrated(tell: Told, empty_database_url: str) -> None:
    told = tell("doctor", "--json", database=empty_database_url)

    assert told.exit_code == 3
    assert findings(told)["migrations"]["advice"] == "run: steelyard migrate"


def test_the_doctor_finds_no_database_at_all(tell: Told) -> None:
    told = tell("doctor", database="postgresql://127.0.0.1:1/nobody")

    assert told.exit_code == 3
    assert "✗ database" in told.stdout


def test_the_doctor_finds_that_nobody_takes_mail(tell: Told, worker_database_url: str, listener: int) -> None:
    silent = tell("doctor", "--json", database=worker_database_url, STEELYARD_SMTP_PORT=str(free_port()))
    there = tell("doctor", "--json", database=worker_database_url, STEELYARD_SMTP_PORT=str(listener))

    assert not findings(silent)["mail server"]["good"]
    assert findings(there)["mail server"]["good"]


def test_the_doctor_finds_missing_front_end_packages(
    tell: Told, worker_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise FileNotFoundError("node_modules/htmx.org")

    monkeypatch.setattr(diagnosis, "Assets", missing)
    told = tell("doctor", "--json", database=worker_database_url)

    assert findings(told)["front-end packages"]["advice"] == "run: make setup"


def test_the_doctor_finds_a_subscriber_that_is_stuck(tell: Told, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO event_cursors (subscriber, xid, position) VALUES ('stuck', '1', 0), ('late', '0', 0)"
        )
        connection.execute("INSERT INTO event_failures VALUES ('stuck', '1', 0, 3, 'KeyError: thing', now())")
        connection.execute(
            """
            INSERT INTO events (kind, payload) SELECT 'test.rung', '{}' FROM generate_series(1, 950)
            """
        )
    told = findings(tell("doctor", "--json", database=database_url))

    assert (told["subscriber stuck"]["good"], told["subscriber stuck"]["detail"]) == (False, "KeyError: thing")
    assert not told["subscriber late"]["good"]


def test_the_doctor_is_content_with_a_sound_installation(tell: Told, database_url: str, listener: int) -> None:
    sound = {"STEELYARD_SMTP_PORT": str(listener), "STEELYARD_SIMPAY_URL": "http://127.0.0.1:8101"}
    sound["STEELYARD_SIMPAY_WEBHOOK_SECRET"] = "whsec_c3RlZWx5YXJk"
    told = tell("doctor", database=database_url, **sound)

    assert told.exit_code == 0, told.stdout
    assert "✗" not in told.stdout
