/** The relay's service files. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { PROJECT } from "./stage.ts";

const UNIT = join(PROJECT, "deploy/systemd/klipstream-relay.service");
const HAS_SYSTEMD = spawnSync("systemd-analyze", ["--version"]).status === 0;
/** Of 10; systemd itself calls up to 2.0 "OK" and most services have 9.6. */
const EXPOSURE_MAX = 2;

const analyze = (...args: string[]) =>
  spawnSync("systemd-analyze", [...args, UNIT], { encoding: "utf8" });

describe.skipIf(!HAS_SYSTEMD)("the systemd unit", () => {
  it("has nothing wrong but that klipstream is not installed", () => {
    const { stdout, stderr } = analyze("verify", "--man=no");
    const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    const known = /Command \/usr\/bin\/klipstream is not executable/;
    expect(complaints.filter((line) => !known.test(line))).toEqual([]);
  });

  it("is little exposed", () => {
    const { stdout } = analyze("security", "--offline=true", "--no-pager");
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MAX);
  });
});
