import { z } from "zod";

const customJwt = z.looseObject({
  type: z.literal("customJwt"),
  applicationID: z.string().optional(),
  issuer: z.string(),
  jwks: z.string(),
  algorithm: z.enum(["RS256", "ES256"]),
});
const oidc = z.looseObject({ applicationID: z.string(), domain: z.string() });

/** The default export of `auth.config.ts`. */
export const authConfigSchema = z.object({ providers: z.array(z.union([customJwt, oidc])) });

/** A provider of tokens, as the deployment stores it and the CLI reads it back. */
export type AuthProvider =
  | {
      type: "customJwt";
      applicationID: string | null;
      issuer: string;
      jwks: string;
      algorithm: "RS256" | "ES256";
    }
  | { applicationID: string; domain: string };

export function toAuthProviders(config: z.infer<typeof authConfigSchema>): AuthProvider[] {
  return config.providers.map((provider): AuthProvider => {
    if (!("type" in provider) || provider.type !== "customJwt")
      return { applicationID: String(provider.applicationID), domain: String(provider["domain"]) };
    const { issuer, jwks, algorithm, applicationID } = provider as z.infer<typeof customJwt>;
    return { type: "customJwt", applicationID: applicationID ?? null, issuer, jwks, algorithm };
  });
}
