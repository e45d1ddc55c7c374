// What the pages ask the console about this noun.
import { get, part, query } from "@/api/client";
import type { Reel, Scene } from "@/api/types";

export const videoCalls = {
  reels: (id: string, camera: string) => get<{ reels: Reel[] }>(`/v1/sessions/${part(id)}/cameras/${part(camera)}/reels`),
  scenes: (id: string, camera: string, from: number, to: number) =>
    get<{ scenes: Scene[] }>(`/v1/sessions/${part(id)}/cameras/${part(camera)}/scenes${query({ from, to })}`),
};
