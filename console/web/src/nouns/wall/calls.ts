// What the pages ask the console about this noun.
import { get } from "@/api/client";
import type { WallRoom } from "@/api/types";

export const wallCalls = {
  wall: () => get<{ rooms: WallRoom[] }>("/v1/wall"),
};
