import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { useTestManagers } from "../testing/createTestManager.ts";
import { type Fault, lanesOf } from "../testing/FakeBackend.ts";
import { EventLog } from "./log.ts";
import { REDACTED, Redactor } from "./redact.ts";

const base64url = fc.string({
  unit: fc.stringMatching(/^[\w-]$/),
  minLength: 12,
  maxLength: 60,
});

/** A text and the part of it that must not be seen. */
const secret = fc.oneof(
  base64url.map((body): [string, string] => [`klip_raw.1-a_${body}`, body]),
  base64url.map((body): [string, string] => [`eyJ${body}.${body}.${body}`, body]),
  base64url.map((body): [string, string] => [`prod:happy-animal-123|${body}`, body]),
  base64url.map((body): [string, string] => [`Bearer ${body}`, body]),
  base64url.map((body): [string, string] => [`Authorization: Bearer ${body}`, body]),
  base64url.map((body): [string, string] => [`https://user:${body}@host.example/a`, body]),
  base64url.map((body): [string, string] => [`https://host.example/a?X-Signature=${body}`, body]),
  base64url.map((body): [string, string] => [`gs://bucket/a#${body}`, body]),
);

describe("a log line", () => {
  it("never holds a token, a key, a query or user info, wherever it comes from", () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) =>
      void lines.push(JSON.stringify({ ...fields, message }));
    const log = new EventLog({ debug: write, info: write, warn: write, error: write });
    fc.assert(
      fc.property(secret, fc.lorem(), fc.nat(3), ([text, hidden], words, place) => {
        lines.length = 0;
        const around = `${words} ${text} ${words}`;
        if (place === 0) log.write("delivery.failed", around);
        if (place === 1) log.write("delivery.failed", "-", { reason: around });
        if (place === 2) log.write("delivery.failed", "-", { path: text });
        if (place === 3) log.write("delivery.failed", `"${text}", (${text})`);
        expect(lines).toHaveLength(1);
        expect(lines[0]).not.toContain(hidden);
      }),
      { numRuns: 2000 },
    );
  });

  it("never holds a secret that was learnt, whatever it looks like", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 80 }), fc.lorem(), (known, words) => {
        fc.pre(!REDACTED.includes(known) && !words.includes(known) && known.trim() === known);
        const redactor = new Redactor();
        redactor.learn(known);
        expect(redactor.text(`${words}${known}${words}`)).not.toContain(known);
      }),
    );
  });

  it("keeps ordinary text, hosts and paths as they are", () => {
    const text = "no connection to https://happy-animal-123.convex.cloud/api: connect ECONNREFUSED";
    expect(new Redactor().text(text)).toBe(text);
  });

  it("names secret fields without their value", () => {
    const clean = new Redactor().value({ apiKey: "x", nested: { authorization: ["y"] }, count: 1 });
    expect(clean).toEqual({ apiKey: REDACTED, nested: { authorization: REDACTED }, count: 1 });
  });

  it("of a logger that throws harms no delivery", () => {
    const broken = () => {
      throw new Error("disk full");
    };
    const log = new EventLog({ debug: broken, info: broken, warn: broken, error: broken });
    expect(() => log.write("delivery.sent", "-")).not.toThrow();
  });
});

describe("the log of deliveries", () => {
  const setUp = useTestManagers();

  it("holds no token, though the backend repeats it in its refusals", async () => {
    const token = "opaque/secret+value=with*stars";
    const { backend, clock, lines, update } = setUp({ tokenSource: () => Promise.resolve(token) });
    const faults: Fault[] = [
      { status: 503, body: `token ${token} not accepted` },
      { status: 200, body: `<html>${token}</html>` },
      { functionError: `Server Error: ${token}` },
      { errorData: { code: "INVALID_ARGUMENT", message: `bad token ${token}` } },
    ];
    backend.onRequest = (request) => (lanesOf(request).includes("1") ? faults.shift() : undefined);
    await update("1");
    await clock.advance(30_000);
    expect(faults).toEqual([]);
    expect(backend.requests[0]?.authorization).toBe(`Bearer ${token}`);
    expect(JSON.stringify(lines)).not.toContain(token);
  });

  it("names each event and its fields as documented", async () => {
    const { backend, clock, lines, update } = setUp();
    backend.onRequest = (_request, count) => (count === 1 ? { status: 503 } : undefined);
    await update("1");
    await clock.advance(1000);
    const events = lines.map(({ event }) => event);
    expect(events).toEqual([
      "update.accepted",
      "delivery.failed",
      "delivery.retrying",
      "delivery.sent",
      "delivery.recovered",
      "update.acknowledged",
    ]);
    expect(lines[1]).toMatchObject({
      twitchId: "1",
      updateId: "u1",
      attempt: 1,
      durationMs: 0,
      httpStatus: 503,
      code: "BACKEND_UNAVAILABLE",
      requestId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    expect(lines[2]).toMatchObject({ attempt: 1, delayMs: 500, pending: 1 });
  });
});
