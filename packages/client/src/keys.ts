export {
  createServiceAccountKey,
  hashServiceAccountKey,
  isServiceAccountKey,
  readServiceAccountKey,
  SERVICE_ACCOUNT_KEY_PREFIX,
} from "./auth/serviceAccountKey.ts";
export {
  createSigningKey,
  jwksDataUri,
  kidOfPrivateVariable,
  readJwksDataUri,
  signingVariables,
} from "./auth/signingKey.ts";
export { exchangeKey } from "./api/exchangeKey.ts";
export { issueServiceAccountKey } from "./auth/issueKey.ts";

export type { ServiceAccountKey } from "./auth/serviceAccountKey.ts";
export type { PublicJwk, SigningKey } from "./auth/signingKey.ts";
