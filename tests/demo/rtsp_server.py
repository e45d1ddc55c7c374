#!/usr/bin/python3
"""The demonstration's cameras: a real RTSP server (GStreamer) for rendered rooms and, when given, real footage.

stdin: one JSON document, then end of file:
  {"generator": PATH, "start_us": T, "fps": 10, "width": 1280, "height": 720,
   "mounts": [{"path": "/r1", "seed": 1, "room": 0, "script": ["covered 14 24"], "outages": [[60, 72]]},
              {"path": "/real", "file": "clip.mp4"}]}
stdout: "port N" once it listens; "film PATH EPOCH" each time a film starts. Loopback only. During an outage the camera sends nothing and answers 503, as a dead one would.
"""
import json
import subprocess
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  (the versions must be required first)


class RoomFactory(GstRtspServer.RTSPMediaFactory):
    """A rendered room. The frame at time t depends on t alone, so a camera that is opened again sees the room go on."""

    def __init__(self, settings, mount):
        super().__init__()
        self.settings, self.mount = settings, mount
        self.set_shared(True)

    def in_outage(self):
        t = time.time() - self.settings["start_us"] / 1e6
        return any(begin <= t < end for begin, end in self.mount.get("outages", []))

    def do_create_element(self, _url):
        if self.in_outage():
            return None
        s = self.settings
        return Gst.parse_launch(
            f"( appsrc name=source is-live=true do-timestamp=true format=time block=true max-bytes={s['width'] * s['height'] * 6} "
            f"caps=video/x-raw,format=I420,width={s['width']},height={s['height']},framerate={s['fps']}/1 "
            f"! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={2 * s['fps']} bitrate=1800 threads=1 "
            "! rtph264pay name=pay0 pt=96 config-interval=1 )")

    def feed_from_generator(self, media):
        source = media.get_element().get_by_name("source")
        s, mount = self.settings, self.mount
        generator = subprocess.Popen(  # ends by itself when nobody reads its frames
            [s["generator"], "--seed", str(mount["seed"]), "--room", str(mount["room"]), "--start-us", str(s["start_us"]),
             "--fps", str(s["fps"]), "--width", str(s["width"]), "--height", str(s["height"])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        generator.stdin.write("\n".join(mount.get("script", [])).encode() + b"\n")
        generator.stdin.close()

        def feed():
            size = s["width"] * s["height"] * 3 // 2
            while True:
                frame = generator.stdout.read(size)
                if len(frame) < size:
                    break
                if self.in_outage():
                    continue
                if source.emit("push-buffer", Gst.Buffer.new_wrapped(frame)) != Gst.FlowReturn.OK:
                    break
            generator.kill()
            generator.wait()

        threading.Thread(target=feed, daemon=True).start()
        media.connect("unprepared", lambda _media: generator.kill())




def file_factory(path):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{path}" ! qtdemux ! queue ! rtph264pay name=pay0 pt=96 config-interval=1 )')
    factory.set_shared(True)
    return factory


def main():
    settings = json.load(sys.stdin)
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    mounts = server.get_mount_points()
    for mount in settings["mounts"]:
        if "file" in mount:
            factory = file_factory(mount["file"])
            path = mount["path"]
            factory.connect("media-configure", lambda f, media, path=path: print("film", path, time.time(), flush=True))
        else:
            factory = RoomFactory(settings, mount)
            factory.connect("media-configure", lambda f, media: f.feed_from_generator(media))
        mounts.add_factory(mount["path"], factory)
    server.attach(None)
    print("port", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
