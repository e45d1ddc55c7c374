#!/usr/bin/python3
"""Limit: the length of a part plus the bare decoding of its frames (FFmpeg, one thread). One JSON line: milliseconds."""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    generator = pathlib.Path(parser.parse_args().build) / "demo/invigil-demo-rooms"
    frames, fps, part_ms = 100, 10, 500
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder:
        raw = subprocess.run([generator, "--unpaced", "--frames", str(frames)], input=b"", capture_output=True, check=True).stdout
        clip = f"{folder}/clip.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "1280x720", "-r", str(fps), "-i", "-", "-c:v", "libx264",
                        "-preset", "ultrafast", "-tune", "zerolatency", clip], input=raw, check=True)
        done = subprocess.run(["ffmpeg", "-v", "info", "-benchmark", "-threads", "1", "-i", clip, "-f", "null", "-"], capture_output=True, text=True, check=True)
        user_s = float(re.search(r"utime=([\d.]+)s", done.stderr).group(1))
    print(json.dumps({"value": part_ms + user_s / frames * fps * part_ms, "unit": "ms"}))


if __name__ == "__main__":
    main()
