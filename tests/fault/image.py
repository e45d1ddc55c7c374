"""A disk whose power can be cut: an ext4 image mounted by loop. Its backing file holds what was flushed to the device and nothing else."""
import os
import pathlib
import subprocess
import sys
import time


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(str(c) for c in command)}: {done.stderr.strip()}")
    return done.stdout


def need_mounts(folder):
    """Ends with 77 (skipped) where this user may not mount images."""
    try:
        image = Image(pathlib.Path(folder) / "probe", pathlib.Path(folder) / "probe-mounted", 8)
        image.unmount()
    except OSError as error:
        print(f"skipped: loop images cannot be mounted here ({error})", file=sys.stderr)
        sys.exit(77)


class Image:
    def __init__(self, stem, mount_point, megabytes):
        self.stem, self.mount_point, self.number = pathlib.Path(stem), pathlib.Path(mount_point), 0
        self.mount_point.mkdir(parents=True, exist_ok=True)
        with open(self.file(), "wb") as file:
            file.truncate(megabytes << 20)
        # A small journal and nothing left to be initialised later, so that a copy is small.
        run("mkfs.ext4", "-q", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0",
            self.file()) if megabytes >= 32 else run("mkfs.ext4", "-q", self.file())
        self.mount()

    def file(self):
        return self.stem.with_suffix(f".{self.number}.img")

    def mount(self):
        run("mount", "-o", "loop,noatime", self.file(), self.mount_point)

    def copy(self):
        """What a power cut at this moment leaves; its programs must be stopped (SIGSTOP) meanwhile."""
        target = self.stem.with_suffix(f".{self.number + 1}.img")
        run("cp", "--sparse=always", self.file(), target)
        return target

    def flush(self):
        """Everything written so far goes to the backing file."""
        run("sync", "-f", self.mount_point)

    def cut(self):
        """Mounts the newest copy() in place of the disk; its programs must have been killed."""
        self.unmount()
        old = self.file()
        self.number += 1
        old.unlink()
        self.mount()

    def unmount(self):
        for _ in range(100):
            try:
                run("umount", self.mount_point)
                return
            except OSError as error:
                if "not mounted" in str(error) or not os.path.ismount(self.mount_point):
                    return
                time.sleep(0.05)
        run("umount", "-l", self.mount_point)
