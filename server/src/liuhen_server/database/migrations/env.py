"""Alembic's entry: always on the connection (and in the transaction) that `migrate` hands in."""

from alembic import context

from liuhen_server.database.migrate import all_tables

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7311653421)")  # one process migrates, the others wait
context.configure(connection=connection, target_metadata=all_tables(), render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
