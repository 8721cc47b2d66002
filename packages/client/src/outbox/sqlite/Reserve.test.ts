import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { OutboxFile } from "./OutboxFile.ts";

const PROCESSES = 4;
/** Each with a file of its own, so that whoever is behind meets the others again at the next. */
const RESERVES = 30;

it("is there for each of several processes that make it at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-reserve-"));
  const program = `
    import { Reserve } from ${JSON.stringify(new URL("./Reserve.ts", import.meta.url).href)};
    const isThere = Array.from({ length: ${RESERVES} }, (_, count) =>
      new Reserve(${JSON.stringify(folder)} + "/" + count, ${JSON.stringify(folder)}).ensure());
    console.log(isThere.filter((each) => !each).length);`;
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
  try {
    const missing = await Promise.all(
      Array.from({ length: PROCESSES }, async () => {
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return Number(stdout);
      }),
    );
    expect(missing).toEqual(missing.map(() => 0));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("that cannot be made though there is room stops accepting with the reason, and not delivery", () => {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-reserve-"));
  const path = join(folder, "outbox.db");
  const file = new OutboxFile(path, () => undefined);
  try {
    symlinkSync(join(folder, "none", "reserve"), `${path}-reserve`);
    expect(() => file.accept(() => "accepted", String)).toThrow(/ENOENT/);
    expect(file.deliver(() => "delivered")).toBe("delivered");
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
