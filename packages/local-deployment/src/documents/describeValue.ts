import type { Value } from "convex/values";

const LONGEST = 1000;

/** A value as the real backend prints it in messages: floats with a point, big integers with an `n`. */
export function describeValue(value: Value | undefined): string {
  const text = describe(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

function describe(value: Value | undefined): string {
  if (value === undefined) return "undefined";
  if (typeof value === "number") return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof ArrayBuffer) return `bytes(${value.byteLength})`;
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => `${name}: ${describe(field as Value)}`);
    return `{${fields.join(", ")}}`;
  }
  return JSON.stringify(value);
}
