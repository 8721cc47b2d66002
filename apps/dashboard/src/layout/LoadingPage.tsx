import { Skeleton } from "../ui/Skeleton.tsx";

/** The shape of a video's page, until it is there. */
export function LoadingPage() {
  return (
    <div className="space-y-6">
      <p role="status" className="sr-only">
        Loading ...
      </p>
      <Skeleton className="h-8 w-2/3 max-w-xl" />
      <Skeleton className="h-24 w-full" />
      <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <Skeleton className="h-80" />
        <Skeleton className="h-80" />
      </div>
    </div>
  );
}
