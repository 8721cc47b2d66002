/** The style sheet that wavesurfer.js writes into its shadow root, at the height that the page draws it. */
const WAVEFORM_STYLE_HASH = "'sha256-Y/8t1dAKa3ay+RZEiEFEDr8dFiQhpaFvYXXUfT3p6ZU='";

/** Addresses of this machine may be plain HTTP; every other is encrypted. */
const LOOPBACK = ["127.0.0.1:*", "localhost:*"];

/** What the page may connect to where its host sends no policy of its own: it does not know its deployment yet. */
export const ANY_DEPLOYMENT = [
  "https:",
  "wss:",
  ...LOOPBACK.flatMap((host) => [`http://${host}`, `ws://${host}`]),
];

/** What a page of this deployment connects to: its HTTP functions and its socket. */
export function originsOf(deploymentUrl: string): string[] {
  const { origin } = new URL(deploymentUrl);
  return [origin, origin.replace(/^http/, "ws")];
}

/**
 * The policy that the built page runs under.
 *
 * @param connections - What it may connect to, beside its own host.
 * @param delivery - A `meta` element cannot say who may frame the page: only a header can.
 */
export function contentSecurityPolicy(
  connections: readonly string[],
  delivery: "header" | "meta",
): string {
  const directives = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${WAVEFORM_STYLE_HASH}`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self' ${connections.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    ...(delivery === "header" ? ["frame-ancestors 'none'"] : []),
  ];
  return directives.join("; ");
}
