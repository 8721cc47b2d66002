import { spawnSync } from "node:child_process";

const BYTES_PER_KIB = 1024;
const BYTES_PER_MB = 1_000_000;

/** What a process holds of the machine's memory, in MB (1,000,000 bytes). @throws Error where there is none with this id */
export function memoryOf(pid: number): number {
  const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  const kibibytes = Number(stdout);
  if (!(kibibytes > 0)) throw new Error(`the memory of the process ${pid} cannot be read`);
  return (kibibytes * BYTES_PER_KIB) / BYTES_PER_MB;
}
