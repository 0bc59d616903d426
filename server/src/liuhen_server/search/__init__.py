"""Finding: one index of everything that can be looked for, upserted by the rooms that have it, read by one search box.

A room adds its documents with `put(conn, documents)` in the transaction that makes or changes them, and names in
`sources.SOURCES` the function that gives all of them again, for making the index anew.
"""
