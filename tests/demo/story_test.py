#!/usr/bin/env python3
"""How the demonstration compares what was planted with what was flagged."""
import unittest

from story import Planted, match


def incident(kind, from_s, to_s, claims=1, seat="A", room="r"):
    return {"kind": kind, "room": room, "seat": seat, "from_s": from_s, "to_s": to_s, "claims": claims}


class Match(unittest.TestCase):
    turns = [Planted("head_turned", "r", "A", 31.6, 34.6), Planted("head_turned", "r", "A", 42.6, 45.6)]

    def test_one_incident_with_two_claims_is_two_found(self):
        self.assertEqual(match(self.turns, [incident("head_turned", 31.7, 45.8, claims=2)]), ([], []))

    def test_one_claim_is_not_two_found_though_it_lasts(self):
        missed, false = match(self.turns, [incident("head_turned", 31.7, 44.0)])
        self.assertEqual([p["from_s"] for p in missed], [42.6])
        self.assertEqual(false, [])

    def test_a_turn_missed_is_missed_and_one_elsewhere_is_false(self):
        missed, false = match(self.turns, [incident("head_turned", 31.7, 36.0), incident("head_turned", 70, 71)])
        self.assertEqual([p["from_s"] for p in missed], [42.6])
        self.assertEqual([x["from_s"] for x in false], [70])

    def test_an_empty_seat_also_explains_the_disagreement_and_does_not_stand_for_it(self):
        planted = [Planted("screen_room_disagree", "r", "A", 33, 57)]
        missed, false = match(planted, [incident("seat_empty", 38, 57)])
        self.assertEqual(len(missed), 1)
        self.assertEqual(false, [])


if __name__ == "__main__":
    unittest.main()
