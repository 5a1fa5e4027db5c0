"""Speed and memory, measured in one run: `make bench`.

Every module of this package with a `measure()` gives figures by name; `python -m bench` (in tests/) prints them all and
writes them to build/bench.json. A module's name as argument runs that one alone.
"""
