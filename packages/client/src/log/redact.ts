/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** The names of fields whose value is a secret whatever it looks like. */
const SECRET_FIELD = /authorization|api_?key|token$|secret|password|cookie|private/i;

/** Texts that are secrets by their shape: service-account keys, deploy keys, JWTs, HTTP credentials. */
const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/klip_[\w.-]*/g, REDACTED],
  [/\b(?:prod|dev|preview|project):[\w:-]*\|[^\s"']*/g, REDACTED],
  [/\b[\w-]+\|[A-Za-z0-9+/=_-]{16,}/g, REDACTED],
  [/\beyJ[\w-]*(?:\.[\w-]*){0,2}/g, REDACTED],
  [/\b(bearer|convex|basic)\s+[A-Za-z0-9+/=_.|:-]{7,}/gi, `$1 ${REDACTED}`],
  [/(authorization["']?\s*[:=]\s*)[^\s,;}]+(?:\s+[^\s,;}]+)?/gi, `$1${REDACTED}`],
];

/** A URL with anything behind its path or before its host; both may carry credentials (signed URLs do). */
const URL_SHAPE = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi;

/** A shorter secret is not looked for: it may be part of ordinary text. */
const KNOWN_SECRET_MIN_LENGTH = 8;

/** Most known secrets that are remembered: tokens are renewed for as long as a process lives. */
const KNOWN_SECRETS_MAX_COUNT = 50;

/** Takes secrets out of what is about to be logged or put into an error. The only place that does. */
export class Redactor {
  readonly #known = new Set<string>();

  /** Remembers a secret that has no recognisable shape. */
  learn(secret: string): void {
    if (secret.length < KNOWN_SECRET_MIN_LENGTH) return;
    this.#known.delete(secret);
    this.#known.add(secret);
    const [oldest] = this.#known;
    if (this.#known.size > KNOWN_SECRETS_MAX_COUNT && oldest !== undefined)
      this.#known.delete(oldest);
  }

  /** Redacts a text. */
  text(text: string): string {
    let clean = text;
    for (const secret of this.#known) clean = clean.replaceAll(secret, REDACTED);
    clean = clean.replace(URL_SHAPE, (_match, scheme: string, rest: string) => {
      return scheme + stripUrl(rest);
    });
    for (const [shape, replacement] of SECRET_SHAPES) clean = clean.replace(shape, replacement);
    return clean;
  }

  /** Redacts a value and everything in it: texts by content, fields also by name. Errors become plain objects. */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > 6) return REDACTED;
    if (value instanceof Error) return this.#error(value, depth);
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        this.text(name),
        SECRET_FIELD.test(name) && item !== undefined && item !== null
          ? REDACTED
          : this.value(item, depth + 1),
      ]),
    );
  }

  #error(error: Error, depth: number): unknown {
    const code: unknown = "code" in error ? error.code : undefined;
    return this.value(
      { name: error.name, message: error.message, ...(code !== undefined && { code }) },
      depth + 1,
    );
  }
}

/** Drops user info, query and fragment. */
function stripUrl(rest: string): string {
  const cut = rest.search(/[?#]/);
  const kept = cut === -1 ? rest : rest.slice(0, cut);
  const slash = kept.indexOf("/");
  const authority = slash === -1 ? kept : kept.slice(0, slash);
  const path = slash === -1 ? "" : kept.slice(slash);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return host + path.replace(/[^/]*@/g, "") + (cut === -1 ? "" : `?${REDACTED}`);
}
