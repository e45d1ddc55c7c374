"""Real clips for the demonstration, where they are at hand: one more room, one camera, head turns and a second person.

The film is one clip, played forth and back so that no cut jumps. Until its last part the second person is hidden behind a
box, and the plan says that the whole bench is one seat: when the box goes, a second person is at that seat.
"""
import pathlib

from programs import Failed, run_once
from story import Planted

CLIP = "two_way_gaze_front_back"
SEAT = "real-01"
CALM_S, FULL_S = 2.4, 9.8          # of the clip: before anybody turns, and all of it
TURN = (2.8, 5.8)                  # when heads are turned in it (judged by eye)
BOX = "drawbox=x=iw*0.48:y=ih*0.34:w=iw*0.24:h=ih*0.33:color=0x7d766b:t=fill"


def encode(source, target, seconds, masked):
    """The first `seconds` of the clip forth and back."""
    box = f",{BOX}" if masked else ""
    run_once(["ffmpeg", "-v", "error", "-y", "-i", str(source), "-an", "-filter_complex",
              f"[0:v]trim=0:{seconds},setpts=PTS-STARTPTS,fps=15,scale=1280:720{box},split[a][b];[b]reverse[r];[a][r]concat=n=2:v=1",
              "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p", str(target)],
             what="preparing the real clip", timeout=120)


def prepare(folder, nets, data):
    """Cuts the film; returns the room for the plan, the film, and what was planted (seconds from the film's start)."""
    source = pathlib.Path(folder) / "exam" / f"{CLIP}.mp4"
    if not source.exists():
        raise Failed(f"--footage: {source} is not there; give the folder that holds exam/*.mp4")
    if not pathlib.Path(nets).is_dir():
        raise Failed("--footage needs the nets: set INVIGIL_NETS to their folder (scripts/fetch_nets fetches them)")
    data = pathlib.Path(data)
    parts = {"calm": (CALM_S, True), "full": (FULL_S, True), "open": (CALM_S, False)}
    for name, (seconds, masked) in parts.items():
        encode(source, data / f"real-{name}.mp4", seconds, masked)
    order = ["calm"] * 6 + ["full"] + ["calm"] * 2 + ["open"] * 38
    (data / "real.txt").write_text("".join(f"file 'real-{name}.mp4'\n" for name in order))
    film = data / "real.mp4"
    run_once(["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(data / "real.txt"), "-c", "copy", str(film)],
             what="joining the real clip")
    full = 6 * 2 * CALM_S
    back = full + 2 * FULL_S
    shown = back + 2 * 2 * CALM_S
    room = {"id": "real", "name": "第四机房（实拍）", "cameras": [{"id": "cam-real", "name": "实拍摄像机"}],
            "seats": [{"id": SEAT, "row": 1, "column": 1,
                       "polygons": [{"camera": "cam-real", "points": [[0.05, 0.25], [0.75, 0.25], [0.75, 0.95], [0.05, 0.95]]}]}]}
    planted = [Planted("head_turned", "real", SEAT, full + TURN[0], full + TURN[1]),
               Planted("head_turned", "real", SEAT, back - TURN[1], back - TURN[0]),
               Planted("second_person", "real", SEAT, shown, shown + 20)]
    return {"file": film, "room": room, "planted": planted}
