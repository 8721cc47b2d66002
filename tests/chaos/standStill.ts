import { writeSync } from "node:fs";

import { STANDS_STILL, type StandStillAt } from "./messages.ts";

/** Returns what a program calls at each of its steps: at the one that is named it stands still, and says so. */
export function standStillAt<Step extends string>(
  at: StandStillAt<Step> | undefined,
): (step: Step) => void {
  let times = at?.times ?? 0;
  return (step) => {
    if (step !== at?.step || --times !== 0) return;
    writeSync(1, `${STANDS_STILL}${step}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
