import { defineApp } from "convex/server";
import { v } from "convex/values";

/** Every variable that a deployment reads. A push without the required ones is refused. */
export default defineApp({
  env: {
    /** The `iss` of the tokens that pipelines and viewers send. */
    KLIPSTREAM_JWT_ISSUER: v.string(),
    /** The public keys of that issuer, as a `data:` URI. */
    KLIPSTREAM_JWT_JWKS: v.string(),
    /** `true` lets callers without a token act as `anonymous`. Anything else, and absent: they are refused. */
    ALLOW_ANONYMOUS_PIPELINES: v.optional(v.string()),
  },
});
