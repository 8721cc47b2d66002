import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";

/** How a caller wants values written: plain JSON, or JSON in which every Convex type survives. */
export type ValueFormat = "json" | "convex_encoded_json";

const FORMATS: Record<string, ValueFormat> = {
  json: "json",
  convex_clean_json: "json",
  export_json: "json",
  convex_json: "convex_encoded_json",
  convex_encoded_json: "convex_encoded_json",
};

/** The format of that name, or null for an unknown one. Absent means `json`. */
export function valueFormat(name: string | undefined | null): ValueFormat | null {
  return FORMATS[name ?? "json"] ?? null;
}

/** Writes encoded JSON in the caller's format. */
export function inFormat(encoded: string, format: ValueFormat): string {
  if (format === "convex_encoded_json") return encoded;
  // Only special values differ between the two, and each is an object with a `$` key.
  if (!encoded.includes('"$')) return encoded;
  return JSON.stringify(toCleanJson(jsonToConvex(JSON.parse(encoded) as JSONValue)));
}

/** A value as encoded JSON text. */
export function encodeValue(value: Value): string {
  return JSON.stringify(convexToJson(value));
}

function toCleanJson(value: Value): JSONValue {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(toCleanJson);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [key, toCleanJson(field as Value)]),
    );
  return value;
}
