import { startLocalDeployment } from "@klipstream/local-deployment";
import { expect, test } from "vitest";

import { openOperatorShell, shellBlocksOf } from "./operatorShell.ts";

test("the walk of a new operator works as written", { timeout: 180_000 }, async () => {
  const sections = await shellBlocksOf("apps/cli/README.md");
  const blocks = sections.get("The walk of a new operator") ?? [];
  expect(blocks).toHaveLength(3);
  await using deployment = await startLocalDeployment();
  const shell = await openOperatorShell(deployment);
  const { exitCode, output } = await shell.run(blocks.join("\n"));
  await shell.close();
  expect(exitCode, output).toBe(0);
  expect(output).not.toMatch(/^(FAILED|warning|skipped)/m);
  expect(output).toMatch(/^ok +access +the deployment lets it write; the key ends 20/m);
  expect(output).toMatch(/^ok: 16 steps in \d+ ms$/m);
  expect(output).toMatch(/^status +Transcribing$/m);
  expect(output).toMatch(/^progress +100 %, done/m);
  expect(output).toMatch(/^transcriptUrl +https:\/\/files\.example\/2434635255\/transcript\.csv$/m);
  expect(output).toMatch(/Downloading -> Transcribing +raw-pipeline/);
});
