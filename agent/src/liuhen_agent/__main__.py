"""`python -m liuhen_agent` is `liuhen-agent`."""

from liuhen_agent.command import main

main()
