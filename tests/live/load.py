"""A server and its clients, where nothing better is installed.

    load.py serve ADDRESS PORT                answers each line and closes after the client
    load.py ask ADDRESS PORT SECONDS PAUSE   connections with pauses between them, from four threads
"""

import socket
import sys
import threading
import time


def serve(address, port):
    listening = socket.create_server((address, port), backlog=512)

    def answer():
        while True:
            s, _ = listening.accept()
            with s:
                while data := s.recv(4096):
                    s.sendall(data * 4)
    for _ in range(8):
        threading.Thread(target=answer, daemon=True).start()
    threading.Event().wait()


def ask(address, port, seconds, pause):
    until = time.monotonic() + seconds

    def question():
        while time.monotonic() < until:
            with socket.create_connection((address, port)) as s:
                for _ in range(3):
                    s.sendall(b"question\n" * 10)
                    s.recv(4096)
            time.sleep(pause)
    threads = [threading.Thread(target=question) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
