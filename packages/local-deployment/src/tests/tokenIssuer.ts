import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose";

/** For tests: an issuer of users' tokens. */
export class TokenIssuer {
  /** The source of an `auth.config.ts` that trusts this issuer. */
  readonly authConfig: string;
  readonly #key: CryptoKey;
  readonly #issuer: string;
  readonly #audience: string;

  private constructor(parts: { key: CryptoKey; issuer: string; audience: string; jwks: string }) {
    const { key, issuer, audience, jwks } = parts;
    this.#key = key;
    this.#issuer = issuer;
    this.#audience = audience;
    const provider = {
      type: "customJwt",
      applicationID: audience,
      issuer,
      jwks,
      algorithm: "ES256",
    };
    this.authConfig = `export default { providers: [${JSON.stringify(provider)}] };`;
  }

  static async create(issuer: string, audience: string): Promise<TokenIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256", use: "sig" };
    const json = JSON.stringify({ keys: [jwk] });
    const jwks = `data:application/json;base64,${Buffer.from(json).toString("base64")}`;
    return new TokenIssuer({ key: privateKey, issuer, audience, jwks });
  }

  async token(
    claims: JWTPayload = {},
    { expiresInS = 600, subject = "someone" }: { expiresInS?: number; subject?: string } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return await new SignJWT({ sub: subject, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setIssuer(this.#issuer)
      .setAudience(this.#audience)
      .setIssuedAt(Math.min(now, now + expiresInS))
      .setExpirationTime(now + expiresInS)
      .sign(this.#key);
  }
}
