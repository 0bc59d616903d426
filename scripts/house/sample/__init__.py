"""A small sample county: agencies, officers, accounts, cases of every class in every stage, and recordings. Everybody in it is invented.

`plan` says what there is on a day that is handed in; `fill` brings it into a running archive, by the acts and the interfaces that people and
docks use.
"""
