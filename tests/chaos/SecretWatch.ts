/** Reads every log line of every worker for anything that must not be there. */
export class SecretWatch {
  lines = 0;
  readonly leaks: string[] = [];
  readonly #secrets: string[];

  constructor(apiKey: string) {
    this.#secrets = [apiKey, apiKey.slice(-40), "klip_", "eyJ", "Bearer ey", "PRIVATE KEY"];
  }

  readonly see = (line: string): void => {
    this.lines += 1;
    if (this.#secrets.some((secret) => line.includes(secret))) this.leaks.push(line);
  };
}
