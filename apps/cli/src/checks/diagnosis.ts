/** What one check of `doctor` found. A `skipped` one names the check that it depends on. */
export type Finding =
  | { result: "ok"; detail: string }
  | { result: "warning"; detail: string; remedy: string }
  | { result: "failed"; detail: string; remedy: string }
  | { result: "skipped"; detail: string };

export type CheckName =
  | "configuration"
  | "url"
  | "reachable"
  | "convex"
  | "clock"
  | "functions"
  | "token"
  | "access"
  | "outbox";

export type Diagnosis = Finding & { check: CheckName };

export const ok = (detail: string): Finding => ({ result: "ok", detail });
export const warning = (detail: string, remedy: string): Finding => ({
  result: "warning",
  detail,
  remedy,
});
export const failed = (detail: string, remedy: string): Finding => ({
  result: "failed",
  detail,
  remedy,
});
