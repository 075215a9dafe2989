"""How fast a topic that Debezium wrote becomes cards and vouchers, beside Debezium's own JDBC sink, which copies the
same topic into a table on the same server: one row a change, where ours writes six.

Both read one partition, with one task, in batches of the same size, one after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from kafka import KafkaConsumer, TopicPartition

from bench.result import Result
from bench.throughput import CHANGES_PER_TRANSACTION, ROWS_PER_CHANGE
from bench.world import HERE, World, add_assets, connect, daemon, number, syncd, wait, world
from tests.servers import Connect, Kafka, kafka_connect, kafka_server

BATCH_CHANGES = 4_000
POSTED = "SELECT coalesce(max(posted), 0) FROM syncd.pipeline"


def measure(changes: int) -> list[Result]:
    """Changes a second for a topic that holds a backlog of `changes`, ours and theirs."""
    with (
        TemporaryDirectory(prefix="syncd-bench-") as directory,
        world(Path(directory)) as made,
        kafka_server() as kafka,
        kafka_connect(kafka) as worker,
    ):
        topic = kafka.create_topic()
        with _written(made, kafka, worker, topic, changes):
            ours = _ours(_from_kafka(made, kafka, topic), changes)
            theirs = _theirs(made, worker, topic, changes)
        return [
            Result(
                "changes posted a second, Kafka to PostgreSQL, backlog, beside the JDBC sink", ours, theirs, "changes/s"
            ),
            Result("rows written a second, the same run", ours * ROWS_PER_CHANGE, theirs, "rows/s"),
        ]


@contextmanager
def _written(made: World, kafka: Kafka, worker: Connect, topic: str, changes: int) -> Iterator[None]:
    """The topic, filled by the real connector: the departments as it found them, then the changes."""
    settings = {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "topic.prefix": "eam",
        **_address(made.eam_dsn, "database.hostname", "database.port", "database.user", "database.dbname"),
        "database.password": "none",
        "plugin.name": "pgoutput",
        "slot.name": "debezium",
        "publication.autocreate.mode": "filtered",
        "table.include.list": "eam.asset,eam.department",
        "transforms": "one",
        "transforms.one.type": "org.apache.kafka.connect.transforms.RegexRouter",
        "transforms.one.regex": ".*",
        "transforms.one.replacement": topic,
    }
    worker.put("eam", **settings)
    departments = int(number(made.eam_dsn, "SELECT count(*) FROM eam.department"))
    part, watching = TopicPartition(topic, 0), KafkaConsumer(bootstrap_servers=kafka.bootstrap)
    try:
        wait("the snapshot", lambda: watching.end_offsets([part])[part] >= departments)
        add_assets(made, 1, changes, CHANGES_PER_TRANSACTION)
        wait("the topic to be filled", lambda: watching.end_offsets([part])[part] >= departments + changes)
        worker.pause("eam")
        yield
    finally:
        watching.close()
        worker.delete("eam")


def _from_kafka(made: World, kafka: Kafka, topic: str) -> World:
    """The same world, read from the topic."""
    config = made.config.with_name("kafka.yaml")
    config.write_text(
        f"""
pipelines:
  kafka:
    mapping: {HERE / "registration.yaml"}
    source: {{kind: kafka, bootstrap: "{kafka.bootstrap}", topics: [{topic}]}}
    ledger: {{kind: postgres, dsn: "{made.finance_dsn}"}}
    batch_changes_max: {BATCH_CHANGES}
""",
        "utf-8",
    )
    read = made._replace(config=config)
    syncd(read, "check")
    return read


def _ours(made: World, changes: int) -> float:
    """From the first batch to the commit of the last voucher."""
    with daemon(made):
        wait("the backlog to begin", lambda: number(made.finance_dsn, POSTED) > 0, 0.005)
        started, before = perf_counter(), number(made.finance_dsn, POSTED)
        wait("the backlog to be posted", lambda: number(made.finance_dsn, POSTED) >= changes)
        elapsed = perf_counter() - started
    assert number(made.finance_dsn, "SELECT count(*) FROM fin.voucher") == changes
    assert number(made.finance_dsn, "SELECT count(*) FROM fin.entry") == 2 * changes
    return (changes - before) / elapsed


def _theirs(made: World, worker: Connect, topic: str, changes: int) -> float:
    """The same of rows in a table like the EAM's own."""
    peer = made.finance.create_database()
    copied = "SELECT coalesce(max(id), 0) FROM eam.asset"
    with connect(peer) as connection, connection.cursor() as cursor:
        cursor.execute((HERE / "eam.sql").read_text("utf-8"))
    connection.close()
    settings = {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "topics": topic,
        "connection.url": f"jdbc:postgresql://127.0.0.1:{made.finance.port}/{peer.rpartition('/')[2]}",
        "connection.username": "postgres",
        "connection.password": "none",
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "schema.evolution": "none",
        "collection.name.format": "${source.schema}.${source.table}",
        "batch.size": str(BATCH_CHANGES),
        "consumer.override.max.poll.records": str(BATCH_CHANGES),
    }
    worker.put("peer", **settings)
    try:
        wait("the sink to begin", lambda: number(peer, copied) > 0, 0.005)
        started, before = perf_counter(), number(peer, copied)
        wait("the sink to copy the backlog", lambda: number(peer, copied) >= changes)
        return (changes - before) / (perf_counter() - started)
    finally:
        worker.delete("peer")


def _address(dsn: str, host: str, port: str, user: str, database: str) -> dict[str, str]:
    """Where a database is, under a connector's own names."""
    connection = connect(dsn)
    try:
        at = connection.get_dsn_parameters()
    finally:
        connection.close()
    return {host: at["host"], port: at["port"], user: at["user"], database: at["dbname"]}
