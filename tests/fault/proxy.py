"""A TCP proxy that does what bad networks do, between an agent and a broker's three neighbouring ports. One thread of its own.

Modes, changed at any time by set(): "pass"; "down" (connections are reset, new ones refused); "black_hole" (connections stay, nothing
moves); "half_open" (the same, but new ones are taken too and never served); "reset" (reset once, then pass); and two numbers: delay_s for
every piece, rate bytes a second for each direction of all connections together ("trickle" is a rate of a few bytes).
"""
import asyncio
import socket
import struct
import threading

PIECE = 16384


class Proxy(threading.Thread):
    def __init__(self, ports):
        """`ports`: {port to listen on: port to go on to}, loopback."""
        super().__init__(daemon=True, name="proxy")
        self.ports, self.mode, self.delay_s, self.rate = ports, "pass", 0.0, 0
        self.loop, self.ready, self.pairs, self.servers, self.carried = asyncio.new_event_loop(), threading.Event(), set(), [], 0
        self.free_at = {"up": 0.0, "down": 0.0}
        self.changed = None

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.changed = asyncio.Event()
        self.loop.run_until_complete(self.listen())
        self.ready.set()
        self.loop.run_forever()

    def begin(self):
        self.start()
        self.ready.wait(10)
        return self

    def set(self, mode="pass", delay_s=0.0, rate=0):
        asyncio.run_coroutine_threadsafe(self.change(mode, delay_s, rate), self.loop).result(10)

    def end(self):
        self.set("down")
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(5)

    # -- on the loop --

    async def listen(self):
        for port, target in self.ports.items():
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # a slow link has no megabytes of buffer
            raw.bind(("127.0.0.1", port))
            self.servers.append(await asyncio.start_server(lambda r, w, target=target: self.serve(r, w, target), sock=raw, limit=PIECE))

    async def change(self, mode, delay_s, rate):
        if mode in ("down", "reset"):
            for pair in list(self.pairs):
                self.reset(pair)
        if mode == "down":
            for server in self.servers:
                server.close()
            self.servers = []
        elif not self.servers:
            await self.listen()
        self.mode, self.delay_s, self.rate = "pass" if mode == "reset" else mode, delay_s, rate
        self.changed.set()
        self.changed = asyncio.Event()

    @staticmethod
    def reset(pair):
        for writer in pair:
            raw = writer.get_extra_info("socket")
            try:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
            writer.transport.abort()

    async def serve(self, reader, writer, target):
        if self.mode == "black_hole":
            writer.transport.abort()
            return
        while self.mode == "half_open":
            await self.changed.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target, limit=PIECE)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self.pairs.add(pair)
        try:
            await asyncio.gather(self.carry(reader, far_writer, "up"), self.carry(far_reader, writer, "down"))
        except OSError:
            pass
        finally:
            self.pairs.discard(pair)
            self.reset(pair)

    async def carry(self, reader, writer, direction):
        while True:
            piece = await reader.read(PIECE if not self.rate else max(1, min(PIECE, self.rate // 20)))
            if not piece:
                writer.transport.abort()
                raise ConnectionResetError
            while self.mode in ("black_hole", "half_open"):
                await self.changed.wait()
            if self.delay_s:
                await asyncio.sleep(self.delay_s)  # pieces of one direction wait one after the other: a slow path, not a long one
            if self.rate:
                now = self.loop.time()
                self.free_at[direction] = max(now, self.free_at[direction]) + len(piece) / self.rate
                await asyncio.sleep(self.free_at[direction] - now)
            self.carried += len(piece)
            writer.write(piece)
            await writer.drain()
