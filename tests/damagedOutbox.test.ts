import { expect, it } from "vitest";

import { openDamagedFiles } from "./chaos/damagedFiles.ts";
import { openTogether } from "./chaos/openTogether.ts";

it("processes that open a damaged outbox together lose nothing that one of them accepts", async () => {
  expect(await openTogether({ rounds: 3 })).toEqual({
    accepted: 480,
    lost: [],
    twice: [],
    refused: 0,
    setAside: 3,
  });
});

it("no damage ends a process, hangs it, or hides what can be read", async () => {
  const { aborts, hangs, errors, lost, silent } = await openDamagedFiles({ files: 120, seed: 7 });
  expect({ aborts, hangs, errors, lost, silent }).toEqual({
    aborts: [],
    hangs: [],
    errors: [],
    lost: [],
    silent: [],
  });
});
