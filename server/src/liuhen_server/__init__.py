"""Liuhen: the archive (证据库), its pages for people, and the witness. docs/adr/0001 has the rooms and seams."""

__version__ = "0.1.0"
