import { parseServiceAccountKey, TOKEN_AUDIENCE } from "@klipstream/client/keys";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { formatDuration, formatTime } from "../output/text.ts";

/** What can be said of a credential without asking anyone. */
export type TokenReport = {
  kind: "service-account key" | "token" | "deploy key" | "unknown";
  subject: string | null;
  scope: string | null;
  generation: number | null;
  issuer: string | null;
  audience: string | null;
  /** The signing key. */
  kid: string | null;
  algorithm: string | null;
  issuedAt: number | null;
  /** Ms since the epoch; null = never. */
  expiresAt: number | null;
  /** Why a backend would refuse it, worst first; empty = nothing seen. */
  problems: { message: string; remedy: string }[];
};

const EMPTY = {
  subject: null,
  scope: null,
  generation: null,
  issuer: null,
  audience: null,
  kid: null,
  algorithm: null,
  issuedAt: null,
  expiresAt: null,
} as const;

const NEW_KEY = "make a service-account key with `klipstream token create-key`";
const KNOWN_SCOPES = ["videos:read", "videos:write"];
/** The backend's tolerance. */
const LEEWAY_MS = 5000;

/**
 * Explains the value of `CONVEX_API_KEY`. Never repeats it.
 *
 * @param now - Ms since the epoch.
 */
export function reportOnCredential(credential: string, now: number): TokenReport {
  if (credential.startsWith("klipstream_sa_")) return reportOnKey(credential, now);
  if (credential.includes("|"))
    return {
      kind: "deploy key",
      ...EMPTY,
      problems: [
        {
          message:
            "it is a Convex deploy key: power over the whole deployment, refused as a pipeline's credential",
          remedy: NEW_KEY,
        },
      ],
    };
  return reportOnToken(credential, now);
}

function reportOnKey(credential: string, now: number): TokenReport {
  try {
    const account = parseServiceAccountKey(credential);
    const expiresAt = account.expiresAt ?? null;
    const report: TokenReport = {
      kind: "service-account key",
      subject: account.subject,
      scope: account.scope,
      generation: account.generation,
      issuer: account.issuer,
      audience: TOKEN_AUDIENCE,
      kid: account.kid,
      algorithm: "ES256",
      issuedAt: null,
      expiresAt,
      problems: [],
    };
    return { ...report, problems: findProblems(report, now) };
  } catch {
    // The parser's message is for its own option; this report has its own words.
    return {
      kind: "service-account key",
      ...EMPTY,
      problems: [{ message: "it is not whole", remedy: `copy it again, or ${NEW_KEY}` }],
    };
  }
}

function reportOnToken(credential: string, now: number): TokenReport {
  try {
    const header = decodeProtectedHeader(credential);
    const claims = decodeJwt(credential);
    const report: TokenReport = {
      kind: "token",
      subject: claims.sub ?? null,
      scope: typeof claims["scope"] === "string" ? claims["scope"] : null,
      generation: typeof claims["gen"] === "number" ? claims["gen"] : null,
      issuer: claims.iss ?? null,
      audience: typeof claims.aud === "string" ? claims.aud : (claims.aud?.join(", ") ?? null),
      kid: header.kid ?? null,
      algorithm: header.alg ?? null,
      issuedAt: inMs(claims.iat),
      expiresAt: inMs(claims.exp),
      problems: [],
    };
    const notBefore = inMs(claims.nbf);
    return {
      ...report,
      problems: [...findTokenProblems(report, { now, notBefore }), ...findProblems(report, now)],
    };
  } catch {
    // Three parts that do not decode, or no three parts at all.
    return {
      kind: "unknown",
      ...EMPTY,
      problems: [
        {
          message: "it is neither a service-account key (klipstream_sa_...) nor a token (a JWT)",
          remedy: NEW_KEY,
        },
      ],
    };
  }
}

function findTokenProblems(
  report: TokenReport,
  { now, notBefore }: { now: number; notBefore: number | null },
): TokenReport["problems"] {
  const problems: TokenReport["problems"] = [];
  const add = (when: boolean, message: string) => {
    if (when) problems.push({ message, remedy: NEW_KEY });
  };
  add(report.algorithm !== "ES256", `its algorithm is ${report.algorithm ?? "missing"}, not ES256`);
  add(report.kid === null, "its header names no key (kid)");
  add(
    report.audience !== TOKEN_AUDIENCE,
    `its audience is ${report.audience ?? "missing"}, not ${TOKEN_AUDIENCE}`,
  );
  add(report.issuer === null, "it names no issuer (iss)");
  add(report.subject === null, "it names no service account (sub)");
  add(report.generation === null, "it has no generation (gen)");
  add(report.expiresAt === null, "it has no expiry (exp)");
  const start = Math.max(report.issuedAt ?? 0, notBefore ?? 0);
  if (start > now + LEEWAY_MS)
    problems.push({
      message: `it becomes valid only in ${formatDuration(start - now)}`,
      remedy: "set this machine's clock, or that of the machine that minted it",
    });
  return problems;
}

function findProblems(report: TokenReport, now: number): TokenReport["problems"] {
  const problems: TokenReport["problems"] = [];
  const { expiresAt, scope } = report;
  if (expiresAt !== null && expiresAt + LEEWAY_MS <= now)
    problems.push({
      message: `it expired ${formatDuration(now - expiresAt)} ago (${formatTime(expiresAt)})`,
      remedy:
        report.kind === "token"
          ? `mint a new one with \`klipstream token mint\`, or ${NEW_KEY}`
          : NEW_KEY,
    });
  const scopes = scope?.split(" ") ?? [];
  if (!scopes.some((one) => KNOWN_SCOPES.includes(one)))
    problems.push({
      message:
        scope === null
          ? "it has no scope"
          : `its scope (${scope}) names neither videos:read nor videos:write`,
      remedy: NEW_KEY,
    });
  return problems;
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}
