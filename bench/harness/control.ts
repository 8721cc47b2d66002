import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { median, percentile } from "./spread.ts";
import type { ControlReport } from "./table.ts";

/** What is the same in every round: where it varies, the machine did, and not what is measured. */
export type ControlName = "processor" | "disk";

/** How much a control may vary: its round at nine tenths over its round at one tenth. */
export const LIMITS: Readonly<Record<ControlName, number>> = { processor: 1.3, disk: 2 };

/** Of fewer rounds nobody can say how much anything varies. */
const ROUNDS_LEAST = 3;
const LOOPS = 5;
const HASHED = Buffer.alloc(20_000_000);
const WRITES = 25;
const BLOCK = Buffer.alloc(4096);

export const RULE =
  "A control is taken in every round: the hash of a text of fixed length for the processor, and bare 4 KiB writes with fdatasync for the disk. " +
  "A table's controls vary by the ninth tenth of their rounds over the first. Where that is over " +
  `${LIMITS.processor} for the processor, or over ${LIMITS.disk} for the disk in a table that waits for one, or where there were fewer than ${ROUNDS_LEAST} rounds, the table says "too noisy" instead of each ratio of times.`;

/**
 * The time of the hash of a fixed text, in ms: the best of a few, so that one interruption counts for nothing. In native code: how fast
 * V8 runs a loop in JavaScript depends on when it has compiled it.
 */
export function timeProcessor(): number {
  return Math.min(
    ...Array.from({ length: LOOPS }, () => {
      const startedAt = performance.now();
      createHash("sha256").update(HASHED).digest();
      return performance.now() - startedAt;
    }),
  );
}

/** The time of each bare durable write, in ms. */
export function timeDisk(count = WRITES): number[] {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-bench-"));
  const file = openSync(join(folder, "control"), "w");
  try {
    return Array.from({ length: count }, () => {
      const startedAt = performance.now();
      writeSync(file, BLOCK);
      fdatasyncSync(file);
      return performance.now() - startedAt;
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** How each control is taken, in ms. */
export const CONTROLS: Readonly<Record<ControlName, () => number>> = {
  processor: timeProcessor,
  disk: () => median(timeDisk()),
};

/** How much the controls varied over the rounds, and whether that is too much to print a ratio. */
export function judgeControls(
  samples: Readonly<Partial<Record<ControlName, readonly number[]>>>,
): ControlReport {
  const spreads: Record<string, number> = {};
  let isTooNoisy = false;
  for (const [name, values] of Object.entries(samples)) {
    const spread = percentile(values, 0.9) / percentile(values, 0.1);
    spreads[name] = Math.round(spread * 100) / 100;
    if (values.length < ROUNDS_LEAST || spread > LIMITS[name as ControlName]) isTooNoisy = true;
  }
  return { spreads, isTooNoisy };
}
