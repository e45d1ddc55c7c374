/** Runs `work` once, `ms` after the first of a burst of calls, and again if calls came while it ran. */
export function after(ms: number, work: () => Promise<void>): () => void {
  let waiting = false;
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    waiting = false;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (again) {
        again = false;
        call();
      }
    }
  };
  const call = (): void => {
    if (running) again = true;
    else if (!waiting) {
      waiting = true;
      setTimeout(() => void run(), ms);
    }
  };
  return call;
}
