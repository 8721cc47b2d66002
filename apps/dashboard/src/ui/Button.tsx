import type { ComponentProps } from "react";

const LOOKS = {
  primary: "bg-accent-fill text-on-fill border-transparent hover:brightness-110",
  plain: "bg-surface text-ink border-line hover:bg-raised",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft",
  dangerFill: "bg-bad-fill text-on-fill border-transparent hover:brightness-110",
  quiet: "bg-transparent text-quiet border-transparent hover:bg-raised hover:text-ink",
} as const;

export type ButtonLook = keyof typeof LOOKS;

/** How every button looks, for links that look like one too. */
export function buttonClass(look: ButtonLook = "plain"): string {
  return `inline-flex min-h-9 items-center justify-center gap-2 rounded-lg border px-3 py-1.5 text-sm font-medium whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-50 ${LOOKS[look]}`;
}

export function Button({
  look = "plain",
  className = "",
  ...props
}: ComponentProps<"button"> & { look?: ButtonLook }) {
  return <button type="button" className={`${buttonClass(look)} ${className}`} {...props} />;
}
