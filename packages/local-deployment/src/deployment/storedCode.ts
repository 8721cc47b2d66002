import type { DeployedCode } from "../push/deployedCode.ts";
import type { StoredRecord } from "../storage/dataFile.ts";

const CODE = "code";
const VARIABLES = "variables";

type Records = readonly [key: string, value: string][];

/** The records of what is deployed. */
export function recordsOf(
  code: DeployedCode | null,
  variables: Record<string, string>,
): StoredRecord[] {
  // Its folder is another one in each process.
  const { directory: _, ...kept } = code ?? { directory: "" };
  return [
    [CODE, code === null ? null : JSON.stringify(kept)],
    [VARIABLES, JSON.stringify(variables)],
  ];
}

export function readCode(records: Records): Omit<DeployedCode, "directory"> | null {
  const text = find(records, CODE);
  return text === undefined ? null : (JSON.parse(text) as Omit<DeployedCode, "directory">);
}

export function readVariables(records: Records): Record<string, string> {
  return JSON.parse(find(records, VARIABLES) ?? "{}") as Record<string, string>;
}

function find(records: Records, name: string): string | undefined {
  return records.find(([key]) => key === name)?.[1];
}
