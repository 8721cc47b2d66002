import {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  mintToken,
  parseServiceAccountKey,
} from "@klipstream/client/keys";
import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../../../", import.meta.url));
const ISSUER = "https://demo.klipstream.invalid";

/** The service account that the demo's pipelines report as. */
export const PIPELINE_ACCOUNT = "demo-pipeline";
/** The service account that reads everything back. */
const READER_ACCOUNT = "demo-reader";
/** The service account that looks at the dashboard. */
const VIEWER_ACCOUNT = "demo-viewer";

/** How long the tokens are good: longer than a demo runs, and as long as one looks at it. */
const TOKEN_LIFETIME_SECONDS = 3600;

/** A running backend of its own, with the keys to it. */
export type DemoBackend = {
  deployment: LocalDeployment;
  /** For `CONVEX_API_KEY` of the pipelines. */
  pipelineKey: string;
  /** A token that may create and read videos. */
  token: string;
  /** A token that may only read them, for the dashboard's address. */
  viewerToken: string;
};

/** Starts a local deployment on a free port whose variables accept the keys that come with it. */
export async function startDemoBackend(): Promise<DemoBackend> {
  const signingKey = await createSigningKey();
  const account = { generation: 0, issuer: ISSUER, signingKey };
  const mint = (subject: string, scope: string): Promise<string> =>
    mintToken(parseServiceAccountKey(createServiceAccountKey({ ...account, subject, scope })), {
      now: Date.now(),
      lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    });
  const deployment = await startLocalDeployment({
    env: {
      KLIPSTREAM_JWT_ISSUER: ISSUER,
      KLIPSTREAM_JWT_JWKS: jwksDataUri([signingKey.publicJwk]),
    },
  });
  return {
    deployment,
    pipelineKey: createServiceAccountKey({
      ...account,
      subject: PIPELINE_ACCOUNT,
      scope: "videos:write",
    }),
    token: await mint(READER_ACCOUNT, "videos:read videos:write"),
    viewerToken: await mint(VIEWER_ACCOUNT, "videos:read"),
  };
}

/**
 * Pushes `convex/` with the `convex` CLI. It neither checks types nor writes generated code: `pnpm check` does.
 *
 * @throws Error with what the CLI printed where it fails.
 */
export async function deployBackend(
  { deployment }: DemoBackend,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stdout, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url: deployment.url, adminKey: deployment.adminKey, cwd: PROJECT, signal },
  );
  signal.throwIfAborted();
  if (exitCode !== 0) throw new Error(`convex deploy failed:\n${stdout}${stderr}`);
}
