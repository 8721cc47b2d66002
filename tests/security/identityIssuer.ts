import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export const AUDIENCE = "klipstream";

/** A small provider of identities over HTTP, as Google and GitHub are: a discovery document, keys, tokens. */
export class IdentityIssuer {
  readonly url: string;
  /** How often it was asked for anything. */
  requests = 0;
  /** What it answers instead, for an outage. */
  status = 200;
  readonly #server: ReturnType<typeof createServer>;
  readonly #pair: Awaited<ReturnType<typeof generateKeyPair>>;
  readonly #kid: string;

  private constructor(parts: {
    server: ReturnType<typeof createServer>;
    pair: Awaited<ReturnType<typeof generateKeyPair>>;
    kid: string;
  }) {
    this.#server = parts.server;
    this.#pair = parts.pair;
    this.#kid = parts.kid;
    this.url = `http://127.0.0.1:${(parts.server.address() as AddressInfo).port}`;
  }

  static async start({ kid = "k1" } = {}): Promise<IdentityIssuer> {
    const pair = await generateKeyPair("RS256", { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: "RS256", use: "sig" };
    const server = createServer((request, response) => {
      issuer.requests += 1;
      const documents: Record<string, object> = {
        "/.well-known/openid-configuration": { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` },
        "/keys": { keys: [jwk] },
      };
      const document = documents[request.url ?? ""];
      response.writeHead(document === undefined ? 404 : issuer.status, {
        "content-type": "application/json",
      });
      response.end(JSON.stringify(document ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer: IdentityIssuer = new IdentityIssuer({ server, pair, kid });
    return issuer;
  }

  /** A token with some claims replaced; undefined takes one away. */
  async token(claims: JWTPayload = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: this.url,
      aud: AUDIENCE,
      sub: "workload",
      iat: now,
      exp: now + 300,
      ...claims,
    };
    return await new SignJWT(JSON.parse(JSON.stringify(all)) as JWTPayload)
      .setProtectedHeader({ alg: "RS256", kid: this.#kid })
      .sign(this.#pair.privateKey);
  }

  /** The public key, as a stranger has it. */
  async publicJwk() {
    return await exportJWK(this.#pair.publicKey);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
