# The AWS CLI, begun once: reading its code and data takes most of a second of a processor, and a
# deployment calls it fifteen times. Each call is a fork of this process that runs the CLI's own
# script from its first line, in the caller's folder and environment, on the caller's files. It ends
# when its stdin does.
#
# cli-server.py --serve SCRIPT SOCKET serves; cli-server.py SOCKET WORD... is the CLI.
import json
import os
import select
import signal
import socket
import sys

DESCRIPTORS = 3


def read_exactly(connection, length):
    chunks = b""
    while len(chunks) < length:
        chunk = connection.recv(length - len(chunks))
        if not chunk:
            raise EOFError("the other end has gone")
        chunks += chunk
    return chunks


def call(path, words):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    body = json.dumps({"words": words, "cwd": os.getcwd(), "env": dict(os.environ)}).encode()
    socket.send_fds(connection, [len(body).to_bytes(4, "big")], range(DESCRIPTORS))
    connection.sendall(body)
    sys.exit(read_exactly(connection, 1)[0])


def run(connection, script):
    import importlib
    import runpy
    import time
    import traceback

    import awscli

    head, descriptors, _, _ = socket.recv_fds(connection, 4, DESCRIPTORS)
    asked = json.loads(read_exactly(connection, int.from_bytes(head, "big")))
    for own, given in enumerate(descriptors):
        os.dup2(given, own)
        os.close(given)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    sys.argv = [script, *asked["words"]]
    # It has read AWS_DATA_PATH, and sets it anew: the rest reads the environment as it goes.
    importlib.reload(awscli)
    code = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([code % 256]))


def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def serve(script, path):
    import awscli.clidriver
    import awscli.handlers  # noqa: F401 - what all commands load

    awscli.clidriver.create_clidriver()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, reap)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                run(connection, script)
            finally:
                os._exit(0)
        connection.close()


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--serve":
        serve(*sys.argv[2:])
    else:
        call(sys.argv[1], sys.argv[2:])
