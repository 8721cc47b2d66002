import { startThread } from "../engine/startThread.ts";
import { badRequest, RequestError } from "../requestError.ts";
import type { Analysis, AnalysisReply, AnalysisRequest } from "./analysisWorker.ts";
import type { AuthProvider } from "./authProviders.ts";

/** Most of it is the start of the thread and of the TypeScript loader, which takes seconds on a busy machine. */
const LOAD_LIMIT_MS = 20_000;

/**
 * Evaluates pushed code in a thread of its own.
 *
 * @throws RequestError 400 that says what is wrong with the code.
 */
export async function analyze(request: AnalysisRequest): Promise<Analysis> {
  const worker = startThread(new URL("./analysisWorker.ts", import.meta.url), request);
  try {
    const reply = await new Promise<AnalysisReply>((resolve, reject) => {
      const timer = setTimeout(
        () => resolve(refusal(`Loading the modules took longer than ${LOAD_LIMIT_MS / 1000} s.`)),
        LOAD_LIMIT_MS,
      );
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => {
        clearTimeout(timer);
        resolve(refusal("A module ended the process while it was loaded."));
      });
    });
    if (reply.ok) return reply.analysis;
    throw badRequest(reply.code, `Hit an error while pushing:\n${reply.message}`);
  } finally {
    await worker.terminate();
  }
}

/**
 * What deployed code's auth config says with other variables.
 *
 * @throws RequestError 400 if it cannot be evaluated with them.
 */
export async function authProvidersWith(
  env: Record<string, string>,
  directory: string,
): Promise<AuthProvider[]> {
  const request = { directory, app: null, components: {}, hasAuthConfig: true, env };
  try {
    return (await analyze(request)).authProviders;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const reason = error.message.replace(/^Hit an error while pushing:\n/, "");
    throw badRequest(error.code, `This change would make the auth config invalid: ${reason}`);
  }
}

function refusal(message: string): AnalysisReply {
  return { ok: false, code: "InvalidModules", message };
}
