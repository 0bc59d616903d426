"""Clearing a recorder: the rule, the order the dock leaves for it, and the wipe helper, the only part of the dock that writes to
a recorder. The helper is a short-lived process of its own (`python -m liuhen_agent.clear`) and believes nobody: it reads the
journal without being able to change it, checks every receipt itself and lists the recorder again before it writes.
"""
