#!/usr/bin/env python3
"""What the demonstration and the benchmarks start ends with them, however they end. Argument: the source folder."""
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
PATIENCE_MS = 30_000
DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from programs import Program
program = Program("child", ["sh", "-c", "echo up; exec sleep 600"], sys.argv[2])
program.start()
program.wait_for("up", 30)
print(program.process.pid, flush=True)
program.process.wait()
"""


def ended(descriptor):
    """Whether the process behind this descriptor ends before our patience does."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))


class ProgramsEnd(unittest.TestCase):
    def test_a_killed_driver_leaves_no_program_running(self):
        for how in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(how=how.name), tempfile.TemporaryDirectory() as folder:
                driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(SOURCE / "tests/demo"), folder], stdout=subprocess.PIPE, text=True)
                child = os.pidfd_open(int(driver.stdout.readline()))
                try:
                    driver.send_signal(how)
                    driver.wait()
                    self.assertTrue(ended(child), "the program outlived its driver")
                finally:
                    try:
                        signal.pidfd_send_signal(child, signal.SIGKILL)
                    except ProcessLookupError:
                        pass  # as it should be
                    os.close(child)
                    driver.stdout.close()


if __name__ == "__main__":
    unittest.main()
