import { isServiceAccountKey, readServiceAccountKey } from "@klipstream/client/keys";
import { formatDuration } from "@klipstream/contract";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { formatTime } from "../output/text.ts";
import { failed, type Finding, ok } from "./diagnosis.ts";

/** What a credential shows without a call to the deployment. */
export type TokenReport = {
  kind: "service-account key" | "token" | "deploy key" | "unknown";
  account: string | null;
  /** The id of the service-account key. */
  keyId: string | null;
  /** Ms since the epoch. Null where only the deployment knows it. */
  expiresAt: number | null;
  /** Why a backend would refuse it, worst first. Empty where no reason was found. */
  problems: { message: string; remedy: string }[];
};

const NOTHING = { account: null, keyId: null, expiresAt: null } as const;

const ALGORITHM = "RS256";
const AUDIENCE = "klipstream";
const NEW_KEY = "make a service-account key with `klipstream key create`";
const NEW_TOKEN = "get a new one with `klipstream key exchange`, or use the key itself";
/** How far the backend lets a clock be off, in ms. */
const LEEWAY_MS = 5000;

/**
 * Explains the value of `CONVEX_API_KEY`. Never repeats it.
 *
 * @param now - Ms since the epoch, on the deployment's clock.
 */
export function reportOnCredential(credential: string, now: number): TokenReport {
  if (isServiceAccountKey(credential)) return reportOnKey(credential);
  if (credential.includes("|"))
    return {
      kind: "deploy key",
      ...NOTHING,
      problems: [
        {
          message:
            "it is a Convex deploy key, which has power over the whole deployment; a pipeline may not use it",
          remedy: NEW_KEY,
        },
      ],
    };
  return reportOnToken(credential, now);
}

function reportOnKey(credential: string): TokenReport {
  const kind = "service-account key";
  const key = readServiceAccountKey(credential);
  if (key !== null) return { kind, ...key, expiresAt: null, problems: [] };
  const message = "it is not whole: its checksum does not fit";
  return { kind, ...NOTHING, problems: [{ message, remedy: `copy it again, or ${NEW_KEY}` }] };
}

function reportOnToken(credential: string, now: number): TokenReport {
  try {
    const { alg, kid } = decodeProtectedHeader(credential);
    const { sub, aud, iss, iat, nbf, exp, ...claims } = decodeJwt(credential);
    const keyId = typeof claims["key"] === "string" ? claims["key"] : null;
    const audience = [aud].flat().join(", ");
    const start = Math.max(iat ?? 0, nbf ?? 0) * 1000;
    const faults: [when: boolean, message: string][] = [
      [alg !== ALGORITHM, `its algorithm is ${alg ?? "missing"}, not ${ALGORITHM}`],
      [kid === undefined, "its header names no key (kid)"],
      [audience !== AUDIENCE, `its audience is ${audience || "missing"}, not ${AUDIENCE}`],
      [iss === undefined, "it names no issuer (iss)"],
      [sub === undefined, "it names no service account (sub)"],
      [
        keyId === null && claims["workload"] === undefined,
        "it names neither a key nor a workload that it was given for",
      ],
      [exp === undefined, "it has no expiry (exp)"],
      [start > now + LEEWAY_MS, `it becomes valid only in ${formatDuration(start - now)}`],
      [hasEnded(exp, now), `it expired ${sayEnd(exp, now)}`],
    ];
    return {
      kind: "token",
      account: sub ?? null,
      keyId,
      expiresAt: exp === undefined ? null : exp * 1000,
      problems: faults.flatMap(([when, message]) => (when ? [{ message, remedy: NEW_TOKEN }] : [])),
    };
  } catch {
    // It does not have three parts, or they cannot be decoded.
    const message = "it is neither a service-account key (klip_...) nor a token (a JWT)";
    return { kind: "unknown", ...NOTHING, problems: [{ message, remedy: NEW_KEY }] };
  }
}

function hasEnded(exp: number | undefined, now: number): boolean {
  return exp !== undefined && exp * 1000 + LEEWAY_MS <= now;
}

function sayEnd(exp: number | undefined, now: number): string {
  const end = (exp ?? 0) * 1000;
  return `${formatDuration(now - end)} ago (${formatTime(end)})`;
}

/** @param name - Where the credential comes from: `CONVEX_API_KEY`. */
export function describeCredential(report: TokenReport, name: string): Finding {
  const [problem] = report.problems;
  if (problem !== undefined)
    return failed(`${name} cannot work: ${problem.message}`, problem.remedy);
  const { kind, account, keyId, expiresAt } = report;
  const parts = [
    `${kind} of ${account ?? "?"}`,
    ...(keyId === null ? [] : [`id ${keyId}`]),
    ...(expiresAt === null ? [] : [`until ${formatTime(expiresAt)}`]),
  ];
  return ok(parts.join(", "));
}
