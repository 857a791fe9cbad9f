"""Temporal's dev server, as tests run it."""

from local.devserver import DevServer


class OnePartition(DevServer):
    """For each task queue, of which a namespace has dozens: with four, as it comes, each is asked four times,
    and a test takes a quarter more of the server's time. A state that another server left is none for it: it
    would not find what waits in the other three."""

    more_options = tuple(
        option
        for kind in ("Read", "Write")
        for option in ("--dynamic-config-value", f"matching.numTaskqueue{kind}Partitions=1")
    )
