/**
 * JSON as Convex exports it: every value can be told, and numbers are as one would write them. An integer without a
 * point is an int64, a number with one is a float64.
 */
import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";
import { parse } from "lossless-json";

export function toExportJson(value: Value): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && Number.isFinite(value)) return floatText(value);
  if (Array.isArray(value)) return `[${value.map(toExportJson).join(",")}]`;
  if (value !== null && typeof value === "object" && !(value instanceof ArrayBuffer)) {
    const fields = Object.entries(value).filter((entry): entry is [string, Value] => {
      return entry[1] !== undefined;
    });
    const texts = fields.map(([name, field]) => `${JSON.stringify(name)}:${toExportJson(field)}`);
    return `{${texts.join(",")}}`;
  }
  return JSON.stringify(convexToJson(value));
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/**
 * Reads what `toExportJson` writes, or JSON of other origin.
 *
 * @param integers what an integer is: in an export an int64, elsewhere a number like others.
 * @throws SyntaxError
 */
export function fromExportJson(text: string, integers: "int64" | "float64"): Value {
  const parsed = parse(text, undefined, {
    parseNumber: (digits) =>
      integers === "int64" && /^-?\d+$/.test(digits) ? BigInt(digits) : Number(digits),
  });
  return fromParsed(parsed);
}

function fromParsed(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromParsed);
  if (value === null || typeof value !== "object") return value as Value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0].startsWith("$") === true)
    return jsonToConvex(value as JSONValue);
  return Object.fromEntries(entries.map(([name, field]) => [name, fromParsed(field)]));
}
