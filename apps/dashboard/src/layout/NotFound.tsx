import { Link } from "wouter";

import { overviewHref } from "../routing/routes.ts";
import { buttonClass } from "../ui/Button.tsx";
import { useTitle } from "./useTitle.ts";

export function NotFound() {
  useTitle("No such page");
  return (
    <div className="py-16 text-center">
      <h1 className="text-xl font-semibold">There is no such page</h1>
      <p className="mt-1 mb-5 text-quiet">The address may be cut off, or of another version.</p>
      <Link href={overviewHref()} className={buttonClass()}>
        To the videos
      </Link>
    </div>
  );
}
