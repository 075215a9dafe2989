"""`python -m tests.golden.pgoutput.record`: what a real server says of events.sql, message by message."""

from pathlib import Path

import psycopg2
from psycopg2.extras import LogicalReplicationConnection

from tests.servers import postgres_server

HERE = Path(__file__).parent
SCHEMA = """
    CREATE SCHEMA eam;
    CREATE TABLE eam.asset (id int PRIMARY KEY, code varchar(20), name text, value numeric(18,2), bought date,
                            seen timestamp, changed timestamptz, status char(6), ok bool, remark text);
    ALTER TABLE eam.asset REPLICA IDENTITY FULL, ALTER COLUMN remark SET STORAGE EXTERNAL;
    CREATE TABLE eam.cost (kind text, no bigint, amount numeric, entered bigint, paid text, remark text,
                           PRIMARY KEY (kind, no));
    ALTER TABLE eam.cost ALTER COLUMN remark SET STORAGE EXTERNAL;
    CREATE PUBLICATION golden FOR TABLE eam.asset, eam.cost;
"""
SESSION = "SET datestyle = ISO; SET timezone = 'UTC'"
OPTIONS = {"proto_version": "1", "publication_names": '"golden"', "messages": "true"}


def main() -> None:
    with postgres_server() as server:
        server.run(SCHEMA)
        replication = psycopg2.connect(server.dsn(), connection_factory=LogicalReplicationConnection)
        cursor = replication.cursor()
        cursor.execute(SESSION)
        cursor.create_replication_slot("golden", output_plugin="pgoutput")
        transactions = (HERE / "events.sql").read_text("utf-8").split("\n\n")
        for transaction in transactions:
            server.run(transaction)
        cursor.start_replication(slot_name="golden", options=OPTIONS, decode=False)
        payloads: list[bytes] = []
        while sum(payload[0] == ord("C") for payload in payloads) < len(transactions):
            if (message := cursor.read_message()) is not None:
                payloads.append(message.payload)
        version = replication.server_version // 10000
        replication.close()
    lines = "".join(payload.hex() + "\n" for payload in payloads)
    (HERE / f"postgres{version}.hex").write_text(lines, "ascii")


if __name__ == "__main__":
    main()
