import type { ReactNode } from "react";
import { Link } from "wouter";

import { overviewHref } from "../routing/routes.ts";
import { AccountMenu } from "./AccountMenu.tsx";
import { ConnectionBanner } from "./ConnectionBanner.tsx";
import { ConnectionMark } from "./ConnectionMark.tsx";
import { FindVideo } from "./FindVideo.tsx";
import { ThemeSwitch } from "./ThemeSwitch.tsx";

/** What stands around every page: the way past it for keyboards, the header, the connection's state. */
export function Page({ children }: { children: ReactNode }) {
  const skip = () => document.getElementById("content")?.focus();
  return (
    <>
      <button
        type="button"
        onClick={skip}
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-3 focus:py-2"
      >
        Skip to the content
      </button>
      <header className="sticky top-0 z-30 border-b bg-surface/95 backdrop-blur-sm">
        <div className="mx-auto flex h-14 max-w-7xl items-center gap-3 px-4 sm:gap-4 sm:px-6">
          <Link href={overviewHref()} className="flex shrink-0 items-center gap-2.5 font-semibold">
            <img src="./favicon.svg" alt="" className="size-7" />
            <span className="text-base tracking-tight max-sm:sr-only">KlipStream</span>
          </Link>
          <div className="ml-auto w-full max-w-72">
            <FindVideo />
          </div>
          <ConnectionMark />
          <div className="flex items-center gap-1">
            <ThemeSwitch />
            <AccountMenu />
          </div>
        </div>
        <ConnectionBanner />
      </header>
      <main id="content" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-6 outline-none sm:px-6">
        {children}
      </main>
    </>
  );
}
