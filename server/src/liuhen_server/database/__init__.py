"""One database, SQLite or PostgreSQL, one code path.

`Database` opens it, `schema` holds the tables every room shares, `migrate` brings a database to the tables of this
version.
"""

from liuhen_server.database.availability import DatabaseUnavailable
from liuhen_server.database.engine import Connection, Database
from liuhen_server.database.migrate import migrate

__all__ = ["Connection", "Database", "DatabaseUnavailable", "migrate"]
