#!/usr/bin/env python3
"""The demonstration's check with real clips over RTSP and the nets on. Exit code 77, and the reason, where either is not at hand.

  check_footage.py ARGUMENTS-OF-DEMO.PY…
    INVIGIL_FOOTAGE   folder with exam/*.mp4; INVIGIL_NETS   folder with the nets
"""
import os
import pathlib
import sys

for variable in ("INVIGIL_FOOTAGE", "INVIGIL_NETS"):
    if not os.path.isdir(os.environ.get(variable, "")):
        print(f"demo_check_footage: skipped: {variable} names no folder")
        sys.exit(77)
demo = pathlib.Path(__file__).with_name("demo.py")
os.execv(sys.executable, [sys.executable, str(demo), "--footage", os.environ["INVIGIL_FOOTAGE"], "--nets", os.environ["INVIGIL_NETS"], *sys.argv[1:]])
