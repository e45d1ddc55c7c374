"""Real clips for the demonstration, where they are at hand: one more room, one camera, head turns and a second person."""
import pathlib

from programs import Failed, run_once
from story import Planted


def prepare(folder, nets, data):
    """Cuts one film out of the clips; returns the room for the plan, the film, and what was planted by choosing the clips."""
    clips = pathlib.Path(folder) / "exam"
    needed = [clips / f"{name}.mp4" for name in ("use_watch_1", "two_way_gaze_front_back", "missing_wrist")]
    absent = [str(clip) for clip in needed if not clip.exists()]
    if absent:
        raise Failed(f"--footage: {absent[0]} is not there; give the folder that holds exam/*.mp4")
    film = pathlib.Path(data) / "real.mp4"
    raise Failed(f"not yet: {film} {nets} {run_once} {Planted}")
