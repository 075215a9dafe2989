"""PostgreSQL → Debezium in Kafka Connect → a topic: an EAM for the conformance suite."""

import time
from typing import ClassVar

from kafka import KafkaConsumer, TopicPartition

from connectors.kafka import source as kafka
from syncd.ports import Source
from tests.conformance.eams import TABLES, PostgresEam
from tests.servers import Connect, Kafka

WAIT_S = 120.0


class KafkaEam(PostgresEam):
    """The connector begins with the first source, so that what was there before is in its snapshot."""

    whole: ClassVar[bool] = False

    def __init__(self, dsn: str, broker: Kafka, connect: Connect, metadata: bool = False) -> None:
        super().__init__(dsn)
        for table in TABLES.values():
            self.db.cursor().execute(f"ALTER TABLE {table.name} REPLICA IDENTITY FULL")
        self.tells = metadata
        self._connect = connect
        self._name = dsn.rpartition("/")[2]
        self._topic = broker.create_topic()
        self._watching = KafkaConsumer(bootstrap_servers=broker.bootstrap)
        self._runs = False
        self.settings = kafka.Settings(broker.bootstrap, topics=(self._topic,))

    def connect(self) -> Source:
        if not self._runs:
            self._run()
        return kafka.connect(self.settings, TABLES, "main/0")

    def close(self) -> None:
        if self._runs:
            self._connect.delete(self._name)
            self._await(f"SELECT NOT active FROM pg_replication_slots WHERE slot_name = '{self._name}' AND {{}} >= 0")
        self._watching.close()
        super().close()

    def _run(self) -> None:
        at = self.db.get_dsn_parameters()
        settings = {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "topic.prefix": self._name,
            "database.hostname": at["host"],
            "database.port": at["port"],
            "database.user": at["user"],
            "database.password": "none",
            "database.dbname": at["dbname"],
            "plugin.name": "pgoutput",
            "slot.name": self._name,
            "skipped.operations": "none",
            "provide.transaction.metadata": str(self.tells).lower(),
            "publication.autocreate.mode": "all_tables",
            "poll.interval.ms": "10",
            "transforms": "one",
            "transforms.one.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.one.regex": ".*",
            "transforms.one.replacement": self._topic,
        }
        self._connect.put(self._name, **settings)
        self._runs = True
        tables = " UNION ALL ".join(f"SELECT 1 FROM {table}" for table in (*(t.name for t in TABLES.values()), "note"))
        self._await(f"SELECT count(*) <= {{}} FROM ({tables}) AS rows")
        self._await(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{self._name}' AND {{}} >= 0")

    def _await(self, sql: str) -> None:
        """Until a query on the database says so. `{}` is how many messages the topic holds."""
        deadline = time.monotonic() + WAIT_S
        while True:
            with self.db.cursor() as cursor:
                cursor.execute(sql.format(self._messages()))
                if (cursor.fetchone() or [False])[0]:
                    return
            assert time.monotonic() < deadline, "the connector does not stream"
            time.sleep(0.02)

    def _messages(self) -> int:
        return int(self._watching.end_offsets([TopicPartition(self._topic, 0)])[TopicPartition(self._topic, 0)])
