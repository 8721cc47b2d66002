import type { AuthConfig } from "convex/server";

/* eslint-disable @typescript-eslint/no-non-null-assertion -- Convex itself refuses a push that reads an unset variable. */

// Evaluated at deploy time, where nothing may be imported: hence process.env rather than the typed `env`.
// The one provider is the deployment itself: a workload's identity token is exchanged (accessTokens.ts), as the claims of a
// second provider would come beside, and over, the issuer and the subject that functions see.
export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "klipstream",
      issuer: process.env.KLIPSTREAM_JWT_ISSUER!,
      jwks: process.env.KLIPSTREAM_JWT_JWKS!,
      algorithm: "RS256",
    },
  ],
} satisfies AuthConfig;
