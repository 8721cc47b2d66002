import type { AuthConfig } from "convex/server";

/* eslint-disable @typescript-eslint/no-non-null-assertion -- Convex itself refuses a push that reads an unset variable. */

// Evaluated at deploy time, where nothing may be imported: hence process.env rather than the typed `env`.
export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "klipstream",
      issuer: process.env.KLIPSTREAM_JWT_ISSUER!,
      jwks: process.env.KLIPSTREAM_JWT_JWKS!,
      algorithm: "ES256",
    },
  ],
} satisfies AuthConfig;
