"""`liuhen-verify`: anyone checks a log, a clip or an evidence package (证据包), offline, with nothing but public keys.

All rules are `liuhen_protocol`'s; here is reading (folders, HTTP, processes) and saying what was found. It trusts nobody but the policy file.
"""
