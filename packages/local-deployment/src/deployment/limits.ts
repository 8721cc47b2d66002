export type DeploymentLimits = {
  /** How long a query or mutation may run, in ms. @default 5000 */
  transactionMs: number;
  /** How long an action may run, in ms. @default 600000 */
  actionMs: number;
};

export const DEFAULT_LIMITS: DeploymentLimits = { transactionMs: 5000, actionMs: 600_000 };

/**
 * What a function answers, or an error when it takes too long. The function itself goes on.
 *
 * @param limit.ms how long it may take.
 * @param limit.of what the error calls the function.
 */
export async function withinLimit<T extends { ok: boolean }>(
  running: Promise<T>,
  { ms, of }: { ms: number; of: string },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => {
      const message = `${of} execution timed out (maximum duration: ${ms / 1000}s)`;
      // Wide enough for every kind of outcome.
      const outcome = { ok: false, message, kind: "action", logLines: [], ranMs: ms };
      resolve(outcome as unknown as T);
    }, ms);
    timer.unref();
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}
