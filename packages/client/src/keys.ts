export {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  mintToken,
  parseServiceAccountKey,
  TOKEN_AUDIENCE,
  TOKEN_LIFETIME_SECONDS,
} from "./auth/serviceAccountKey.ts";

export type {
  PrivateJwk,
  PublicJwk,
  ServiceAccount,
  SigningKey,
} from "./auth/serviceAccountKey.ts";
