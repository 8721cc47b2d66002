import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

import { buttonClass } from "./Button.tsx";

const SHOWN_MS = 2_000;

/** Copies a text to the clipboard, and says so for a moment. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome("copied"),
      () => setOutcome("failed"),
    );
  };
  const Icon = outcome === "copied" ? Check : Copy;
  return (
    <button type="button" onClick={copy} className={buttonClass()}>
      <Icon aria-hidden="true" className="size-4" />
      <span aria-live="polite">
        {outcome === "copied" ? "Copied" : outcome === "failed" ? "The browser refused" : label}
      </span>
    </button>
  );
}
