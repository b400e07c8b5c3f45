#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""boards.py DIR PORT: boards on loopback addresses. DIR/127.0.0.11 says what that one is:

on      it listens at the port
refuse  its kernel runs, and nobody listens
off     it is silent: a queue that is full drops what comes
"""
import os
import socket
import sys
import time

DIR, PORT = sys.argv[1], int(sys.argv[2])


class Board:
    def __init__(self, address):
        self.address, self.state, self.sockets = address, None, []

    def become(self, state):
        for s in self.sockets:
            s.close()
        self.state, self.sockets = state, []
        if state == "refuse":
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, PORT))
        listener.listen(64 if state == "on" else 0)
        listener.setblocking(False)
        self.sockets.append(listener)
        for _ in range(2 if state == "off" else 0):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.address, PORT))
            self.sockets.append(filler)

    def turn(self):
        with open(os.path.join(DIR, self.address)) as f:
            wanted = f.read().strip()
        if wanted and wanted != self.state:
            self.become(wanted)
        if self.state != "on":
            return
        try:
            while True:
                self.sockets[0].accept()[0].close()
        except BlockingIOError:
            pass


boards = {}
while os.path.isdir(DIR):
    for name in os.listdir(DIR):
        if not name.endswith(".new") and name != "seen":
            boards.setdefault(name, Board(name)).turn()
    open(os.path.join(DIR, "seen"), "w").close()
    time.sleep(0.05)
