"""The officer's screen: a process of its own that reads what the dock wrote and shows one page. It changes nothing.

reading   status.json and the journal, read-only      view     what is shown, as texts ready to show (pure)
words     code → sentence and what to do              server   one page, its files, one stream of events; GET alone
"""
