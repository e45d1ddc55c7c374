"""The demonstration's story: who sits where, and what goes wrong when. Everything follows from the seed.

The planted truth stays in this process's memory; programs under test get encoded video and test events only.
"""
import collections
import dataclasses
import datetime
import random

ROWS, COLUMNS = 2, 3
CENTRES = {"north": ["n1", "n2"], "south": ["s1"]}
NAMES = {
    "north": ("淮南市城北职业技能考点", "淮南矿山机械有限公司", "employer", "inst-mining"),
    "south": ("淮南市城南职业技能考点", "淮南职业技术学校", "school", "inst-school"),
}
# A room without a camera, watched by its test events alone: a session of its own that is over while the others go on.
HALL, HALL_CENTRE, HALL_CLOSES_S = "n3", "north", 50
ROOMS = {"n1": "第一机房", "n2": "第二机房", "s1": "第三机房", "n3": "第四机房（无摄像机）"}
FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦"
CAMERA_KINDS = ("covered", "dark", "frozen", "moved", "signal_lost")
SEAT_VIDEO_KINDS = ("seat_empty", "screen_room_disagree")
CBT_KINDS = ("focus_lost_then_answer", "paste", "answer_burst", "event_gap", "silent_seat", "event_conflict")


@dataclasses.dataclass
class Planted:
    """One thing that goes wrong: seconds count from the sessions' opening."""
    kind: str
    room: str
    seat: str  # "" for a camera
    from_s: float
    to_s: float
    partner: str = ""  # the second of a pair of seats


def seat_id(room, index):
    return f"{room}-{index + 1:02d}"


def rooms():
    return [room for listed in CENTRES.values() for room in listed]


def centre_of(room):
    return next(centre for centre, listed in CENTRES.items() if room in listed)


def plant(seed, length_s):
    """At least one of each kind, spread over three rooms; places and times vary with the seed."""
    dice = random.Random(seed)
    order = rooms()
    dice.shuffle(order)
    jitter = lambda: dice.uniform(0, 3)
    end = length_s + 60
    x, y, z = order
    planted = []

    def add(kind, room, from_s, to_s, seat=""):
        planted.append(Planted(kind, room, seat, round(from_s, 1), round(to_s, 1)))

    # A picture needs a quiet start (its reference) and time between faults; a moved camera stays moved, so it comes last.
    start = 15 + jitter()
    add("covered", x, start, start + 9)
    start = 16 + jitter()
    add("dark", y, start, start + 11)
    start = 44 + jitter()
    add("frozen", z, start, start + 11)
    start = 60 + jitter()
    add("signal_lost", y, start, start + 10)
    start = 64 + jitter()
    add("moved", x, start, end)

    seats = {room: list(range(ROWS * COLUMNS)) for room in order}
    for listed in seats.values():
        dice.shuffle(listed)
    # Empty seats where the camera sees clearly all the while.
    start = 13 + jitter()
    add("seat_empty", z, start, start + 24, seat_id(z, seats[z].pop()))
    start = 33 + jitter()
    add("screen_room_disagree", x, start, start + 24, seat_id(x, seats[x].pop()))
    kinds = list(CBT_KINDS)
    dice.shuffle(kinds)
    for number, kind in enumerate(kinds):
        room = order[number % 3]
        start = 14 + number * 6 + jitter()
        length = {"silent_seat": end - start, "answer_burst": 4, "focus_lost_then_answer": 8}.get(kind, 1)
        if kind == "silent_seat":
            start = 14 + jitter()
        add(kind, room, start, start + length, seat_id(room, seats[room].pop()))
    return sorted(planted, key=lambda p: p.from_s)


def seat_polygon(index):
    """Where the generator draws the person at a seat, as shares of the picture."""
    row, column = divmod(index, COLUMNS)
    x = (column + 0.5) / COLUMNS
    y, size = ((0.52, 0.155), (0.83, 0.19))[row]
    left, right, top, bottom = x - 0.095 * (1 + 0.2 * row), x + 0.075 * (1 + 0.2 * row), y - 0.88 * size, y + 0.62 * size
    return [[round(a, 4), round(b, 4)] for a, b in ((left, top), (right, top), (right, min(bottom, 1)), (left, min(bottom, 1)))]


def plan(centre, seed, opens, length_s, real_room=None):
    """The plan of one centre as `invigil-console import` reads it, and every seat's token."""
    dice = random.Random(seed * 31 + len(centre) + ord(centre[0]))
    name, institution, kind, institution_id = NAMES[centre]
    zone = datetime.timezone(datetime.timedelta(hours=8))
    at = lambda seconds: (datetime.datetime.fromtimestamp(opens, zone) + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")
    session_id, tokens, listed_rooms, roster, assignments = f"{centre}-theory-1", {}, [], [], []
    for room in CENTRES[centre]:
        listed_rooms.append({
            "id": room, "name": ROOMS[room],
            "cameras": [{"id": f"cam-{room}", "name": "前置全景"}],
            "seats": [{"id": seat_id(room, i), "row": i // COLUMNS + 1, "column": i % COLUMNS + 1,
                       "polygons": [{"camera": f"cam-{room}", "points": seat_polygon(i)}]} for i in range(ROWS * COLUMNS)],
        })
    if real_room:
        listed_rooms.append(real_room)
    for room in listed_rooms:
        for seat in room["seats"]:
            candidate = f"{centre}-{len(roster) + 1:03d}"
            token = "".join(dice.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(32))
            roster.append({"id": candidate, "name": FAMILY[(len(roster) * 7 + seed) % len(FAMILY)] + dice.choice("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超")})
            assignments.append({"room": room["id"], "seat": seat["id"], "candidate": candidate, "token": token})
            tokens[seat["id"]] = token
    return {
        "schema_version": 1, "id": f"{centre}-plan-1",
        "institution": {"id": institution_id, "name": institution, "kind": kind},
        "centre": {"id": centre, "name": name, "rooms": listed_rooms},
        "sessions": [{
            "id": session_id, "title": "职业技能等级认定理论知识考试（机考）", "occupation": "电工" if centre == "north" else "保育师",
            "level": "senior" if centre == "north" else "intermediate", "rooms": [r["id"] for r in listed_rooms],
            "starts": at(0), "ends": at(max(length_s, 90) + 3600), "roster": roster, "assignments": assignments,
            "staff": [{"id": f"{centre}-inv-1", "name": "监考员甲", "role": "invigilator", "rooms": [listed_rooms[0]["id"]]}],
        }],
    }, tokens


def hall_session():
    return f"{HALL_CENTRE}-theory-2"


def add_hall(plan, seed, exam):
    """Adds the room without a camera and its session, whose answers are compared when it closes; every seat's token."""
    dice, tokens = random.Random(seed * 77), {}
    plan["centre"]["rooms"].append({
        "id": HALL, "name": ROOMS[HALL], "cameras": [],
        "seats": [{"id": seat_id(HALL, i), "row": s["row"], "column": s["column"]} for i, s in enumerate(exam["seats"])],
    })
    first = plan["sessions"][0]
    session = {**{key: first[key] for key in ("occupation", "level", "starts", "ends")}, "id": hall_session(), "title": "职业技能等级认定理论知识考试（第二场）",
               "rooms": [HALL], "roster": [], "assignments": [], "paper": {"id": "theory-2", "items": exam["items"]},
               "staff": [{"id": f"{HALL_CENTRE}-inv-2", "name": "监考员乙", "role": "invigilator", "rooms": [HALL]}]}
    for i in range(len(exam["seats"])):
        candidate, token = f"{HALL_CENTRE}-2{i + 1:02d}", "".join(dice.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(32))
        session["roster"].append({"id": candidate, "name": FAMILY[(i * 5 + seed) % len(FAMILY)] + dice.choice("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超")})
        session["assignments"].append({"room": HALL, "seat": seat_id(HALL, i), "candidate": candidate, "token": token})
        tokens[seat_id(HALL, i)] = token
    plan["sessions"].append(session)
    return tokens


def plant_hall(exam):
    """Who copied from whom; either seat of the pair may be named first."""
    return [Planted("similar_answers", HALL, seat_id(HALL, a), 0, HALL_CLOSES_S, seat_id(HALL, b)) for a, b in exam["copied"]]


def match(planted, incidents):
    """Compares what was planted with what was flagged. Incidents: dicts with kind, room, seat, from_s, to_s, claims.

    An incident bundles what lies close together, and then spans the time between: it stands for as many planted things as it has claims.
    """
    missed, matched, used = [], set(), collections.Counter()
    for p in planted:
        # A person who leaves while answers go on is seen twice: as an empty seat and as the disagreement.
        # Who copies is also seen to answer right after the other.
        kinds = {p.kind} | {"screen_room_disagree": {"seat_empty"}, "similar_answers": {"answers_follow"}}.get(p.kind, set())
        hits = [i for i, x in enumerate(incidents)
                if x["kind"] in kinds and x["room"] == p.room and (not p.seat or x["seat"] in (p.seat, p.partner))
                and x["from_s"] <= p.to_s + 12 and x["to_s"] >= p.from_s - 4]
        matched.update(hits)
        own = next((i for i in hits if incidents[i]["kind"] == p.kind and used[i] < incidents[i]["claims"]), None)
        if own is None:
            missed.append(dataclasses.asdict(p))
        else:
            used[own] += 1
    false = [x for i, x in enumerate(incidents) if i not in matched]
    return missed, false
