import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Identifies a holder of leases, and where to look whether its process lives. */
export function createOwner(): string {
  return [randomUUID(), machine(), process.pid, startTimeOf(process.pid) ?? ""].join(" ");
}

/**
 * Whether the process of an owner is certainly dead. A process of another machine or container cannot be seen from here:
 * its leases run out instead.
 */
export function isOwnerDead(owner: string): boolean {
  const [, ownerMachine, pidText, startTime] = owner.split(" ");
  if (ownerMachine !== machine()) return false;
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (!isRunning(pid)) return true;
  // The same number with another start time is another process.
  const runningSince = startTimeOf(pid);
  return runningSince !== undefined && startTime !== "" && runningSince !== startTime;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is someone else's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

let machineName: string | undefined;

/** The host and, where there are any, the namespace in which process ids count. */
function machine(): string {
  machineName ??= `${hostname().replaceAll(" ", "_")}/${pidNamespace()}`;
  return machineName;
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    // Only Linux has them.
    return process.platform;
  }
}

/** Field 22 of `/proc/<pid>/stat`: clock ticks since boot. Undefined where there is no `/proc`, and where the process is gone. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command, in brackets, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[19];
  } catch {
    // Not Linux, or the process is gone.
    return undefined;
  }
}
