// What the console pushes about this noun.
import type { CameraState } from "@/api/types";

declare module "@/api/live" {
  interface Pushes {
    camera: { centre: string; room: string; camera: string; at_us: number; detail?: string; state: CameraState["state"] };
    presence: { principal: string; centre: string; role: string; state: string; at_us: number };
  }
}
