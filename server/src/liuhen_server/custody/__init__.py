"""What the archive can show of one clip: its evidence, what the verifier says of it, and everything that happened to
it.
"""
