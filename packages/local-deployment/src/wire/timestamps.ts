/** A timestamp (nanoseconds since the epoch) as the wire has it: base64 of eight bytes, little endian. */
export function encodeTimestamp(timestamp: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(timestamp);
  return bytes.toString("base64");
}

/** The timestamp that `encodeTimestamp` wrote, or null if the text is none. */
export function decodeTimestamp(encoded: string): bigint | null {
  const bytes = Buffer.from(encoded, "base64");
  return bytes.length === 8 ? bytes.readBigUInt64LE() : null;
}
