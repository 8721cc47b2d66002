import { Notice } from "../ui/Notice.tsx";

/** What stands on the page where it does not know its deployment. */
export function Misconfigured({ why }: { why: string }) {
  return (
    <main className="mx-auto max-w-xl space-y-4 px-4 py-16">
      <h1 className="text-xl font-semibold">This page is not set up yet</h1>
      <Notice tone="bad" title={why} role="alert">
        Whoever hosts this page puts the deployment's address into{" "}
        <code className="font-mono">config.json</code>, beside <code>index.html</code>:
      </Notice>
      <pre className="card overflow-x-auto p-4 font-mono text-xs">
        {'{ "deploymentUrl": "https://happy-otter-123.convex.cloud" }'}
      </pre>
    </main>
  );
}
