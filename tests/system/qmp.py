# SPDX-License-Identifier: ISC
"""A client of QEMU's machine protocol (QMP)."""
import json
import socket
import time


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, path, seconds=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.file = self.socket.makefile('rw', encoding='utf-8')
        self.read()
        self.execute('qmp_capabilities')

    def read(self):
        line = self.file.readline()
        if not line:
            raise QmpError('QEMU closed its QMP socket')
        return json.loads(line)

    def execute(self, command, **arguments):
        words = {k.replace('_', '-'): v for k, v in arguments.items()}
        json.dump({'execute': command, 'arguments': words}, self.file)
        self.file.write('\n')
        self.file.flush()
        while True:
            answer = self.read()
            if 'error' in answer:
                raise QmpError(f'{command}: {answer["error"].get("desc")}')
            if 'return' in answer:
                return answer['return']
