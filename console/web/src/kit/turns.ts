// Which of several answers in flight still counts. Somebody who changes their mind while something loads gets what they asked for last.

export interface Turns {
  /** Starts a turn and ends all before it; the answer says whether it is still the newest. */
  take(): () => boolean;
  /** Joins the turn that is on: counts until the next one is taken. */
  join(): () => boolean;
  /** Ends the turn that is on; with `forGood` (the page is left) none counts any more. */
  end(forGood?: boolean): void;
}

export function turns(): Turns {
  let now = 0;
  let over = false;
  const join = (): (() => boolean) => {
    const mine = now;
    return () => !over && mine === now;
  };
  return {
    take: () => {
      now += 1;
      return join();
    },
    join,
    end: (forGood = false) => {
      now += 1;
      over ||= forGood;
    },
  };
}
