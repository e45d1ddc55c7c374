#!/usr/bin/env python3
"""scripts/fetch_nets against a real server on loopback: downloads, refusals, broken-off downloads. Argument: the source folder."""
import hashlib
import http.server
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
NETS = {"faces.onnx": bytes(range(256)) * 300, "persons.onnx": b"weights " * 5000}


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves what the test put on it; knows byte ranges unless told otherwise; may break off."""

    def do_GET(self):
        shelf = self.server
        name = self.path.lstrip("/")
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked.group(1)) if asked and shelf.ranges else 0
        shelf.asked.append((name, start))
        if name not in shelf.files:
            self.send_error(404)
            return
        body = shelf.files[name]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        try:
            self.wfile.write(body[start:shelf.breaks_at] if shelf.breaks_at else body[start:])
        except ConnectionError:
            pass  # curl hangs up on a file that is too large

    def log_message(self, *_):
        pass


class FetchNets(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
        self.server.files, self.server.asked, self.server.ranges, self.server.breaks_at = dict(NETS), [], True, 0
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.nets = self.root / "nets"
        self.manifest = self.root / "manifest.csv"
        self.write_manifest(NETS)

    def tearDown(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.folder.cleanup()

    def write_manifest(self, nets):
        rows = [f"{name},role,A net,owner/repo,0123abcd,{name},MIT,{len(data)},{hashlib.sha256(data).hexdigest()}" for name, data in nets.items()]
        # The last line has no end, as editors leave it.
        self.manifest.write_text("\n".join(["file,role,net,repository,commit,path,licence,bytes,sha256", *rows]))

    def fetch(self, *more):
        address = f"http://127.0.0.1:{self.server.server_address[1]}"
        return subprocess.run([SOURCE / "scripts/fetch_nets", "--mirror", address, "--manifest", self.manifest, *more, self.nets], capture_output=True, text=True, timeout=60)

    def kept(self):
        return {p.name: p.read_bytes() for p in self.nets.iterdir() if p.name != ".lock"}

    def test_downloads_everything_once(self):
        done = self.fetch()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.kept(), NETS)
        self.assertIn("fetched  faces.onnx (A net; MIT; 76800 bytes)", done.stdout)
        self.server.asked.clear()
        again = self.fetch()
        self.assertEqual(again.returncode, 0)
        self.assertIn("present  persons.onnx", again.stdout)
        self.assertEqual(self.server.asked, [])

    def test_replaces_an_altered_file_only(self):
        self.fetch()
        (self.nets / "faces.onnx").write_bytes(b"altered")
        self.server.asked.clear()
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.kept(), NETS)
        self.assertEqual(self.server.asked, [("faces.onnx", 0)])

    def test_refuses_other_bytes_and_keeps_the_rest(self):
        self.server.files["faces.onnx"] = NETS["faces.onnx"][:-1] + b"!"
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("faces.onnx is not what the manifest names: sha256 " + hashlib.sha256(self.server.files["faces.onnx"]).hexdigest(), done.stderr)
        self.assertEqual(self.kept(), {"persons.onnx": NETS["persons.onnx"]})

    def test_refuses_a_file_far_too_large(self):
        self.server.files["faces.onnx"] = bytes(10 * len(NETS["faces.onnx"]))
        self.assertEqual(self.fetch().returncode, 1)
        self.assertEqual(set(self.kept()), {"persons.onnx"})

    def test_says_what_is_not_there(self):
        del self.server.files["persons.onnx"]
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"404")
        self.assertRegex(done.stderr, r"cannot download persons\.onnx from http://127\.0\.0\.1:\d+/persons\.onnx: is there a network\?")
        self.assertEqual(set(self.kept()), {"faces.onnx"})

    def test_goes_on_after_a_broken_download(self):
        self.server.breaks_at = 1000
        self.assertEqual(self.fetch().returncode, 1)
        self.assertEqual(set(self.kept()), {".faces.onnx.part", ".persons.onnx.part"})
        had = len(self.kept()[".faces.onnx.part"])
        self.assertGreater(had, 0)
        self.server.breaks_at = 0
        self.server.asked.clear()
        done = self.fetch()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(("faces.onnx", had), self.server.asked)
        self.assertEqual(self.kept(), NETS)

    def test_starts_over_where_the_server_cannot_go_on(self):
        self.server.breaks_at = 1000
        self.fetch()
        self.server.breaks_at, self.server.ranges = 0, False
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.kept(), NETS)

    def test_an_unfinished_file_of_something_else_is_not_believed(self):
        self.nets.mkdir()
        (self.nets / ".faces.onnx.part").write_bytes(b"x" * len(NETS["faces.onnx"]))
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.kept(), NETS)

    def test_refuses_names_that_lead_elsewhere(self):
        self.write_manifest({"../outside": b"x"})
        done = self.fetch()
        self.assertEqual(done.returncode, 2)
        self.assertFalse((self.root / "outside").exists())

    def test_bad_usage_is_said(self):
        for words, said in ((["--mirrors"], "--mirrors is not known"), (["--mirror", "ftp://x"], "https://"), (["--manifest", "none.csv"], "none.csv cannot be read")):
            done = subprocess.run([SOURCE / "scripts/fetch_nets", *words], capture_output=True, text=True, timeout=60, cwd=self.root)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
