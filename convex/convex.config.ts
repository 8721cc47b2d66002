import { defineApp } from "convex/server";
import { v } from "convex/values";

/** Every variable that a deployment reads. A push without the required ones is refused. */
export default defineApp({
  env: {
    /** The `iss` of the deployment's own tokens. */
    KLIPSTREAM_JWT_ISSUER: v.string(),
    /** The public halves of the keys that sign them, as a `data:` URI. */
    KLIPSTREAM_JWT_JWKS: v.string(),
    /** The key that signs them; a secret (model/signing.ts). */
    KLIPSTREAM_JWT_PRIVATE_KEY: v.string(),
    /** During a rotation: the key that is published already and signs next; a secret. */
    KLIPSTREAM_JWT_NEXT_PRIVATE_KEY: v.optional(v.string()),
    /** Whose identity tokens workloads may exchange: `https://accounts.google.com`. Absent: nobody's. */
    KLIPSTREAM_OIDC_ISSUER: v.optional(v.string()),
    /** The `aud` that those must have. */
    KLIPSTREAM_OIDC_AUDIENCE: v.optional(v.string()),
    /** `true` lets callers without a token act as `anonymous`. Anything else, and absent: they are refused. */
    ALLOW_ANONYMOUS_PIPELINES: v.optional(v.string()),
  },
});
