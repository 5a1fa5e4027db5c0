"""Speed, memory and size, measured in one run: `make bench`.

A benchmark, not a test: a goal that is missed is told and fails nothing. Every topic is a module of this package with a
`measure(quick)`. `python -m bench` (in tests/) runs them in turn, prints each figure beside its goal and writes all of
them to build/bench.json. What is compared is timed in turns in one run: what else the machine does meets both.
"""
