"""Simulated recorders for demo, tests and the emulated machine: cards with real footage, a serial recorder, hostile
images.

Everything is built without root and without mounting. `python -m liuhen_agent.simulate --help`.
"""
