"""`python -S as_python.py SOCKET -u -c CODE` stands for `python -u -c CODE`, forked by `tests.forks`."""

import os
import signal
import socket
import sys
from contextlib import suppress

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was forked
path, *arguments = sys.argv[1:]
with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    socket.send_fds(connection, [arguments[-1].encode()], [0, 1, 2])
    if connection.recv(1):  # it was forked
        connection.recv(1)  # it has ended
        sys.exit()
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.executable, [sys.executable, *arguments])
