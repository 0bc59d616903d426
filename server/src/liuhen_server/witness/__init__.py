"""The witness (见证方): cosigns checkpoints of logs it knows, and never two that do not continue each other.

C2SP tlog-witness over HTTP. It trusts nobody: a request proves itself by the log's signature and a consistency proof. Whoever holds its
key can cosign anything, so another body than the archive's runs it; it keeps no footage and no entries.
"""
