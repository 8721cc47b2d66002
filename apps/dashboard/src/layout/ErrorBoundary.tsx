import { Component, type ReactNode } from "react";

import { describeFailure, errorDataOf } from "../backend/describeFailure.ts";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

type Props = {
  children: ReactNode;
  /** Changes when the page does: what failed there need not fail here. */
  resetKey: string;
  /** Called where the backend refused to be read from: the sign-in is not good for it. */
  onRefused: (why: string) => void;
};

/** What stands in the place of a page that failed. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    const data = errorDataOf(error);
    if (data?.code === "FORBIDDEN" || data?.code === "UNAUTHENTICATED")
      this.props.onRefused(data.message);
  }

  override componentDidUpdate(previous: Props): void {
    if (previous.resetKey !== this.props.resetKey && this.state.error !== null)
      this.setState({ error: null });
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="mx-auto max-w-xl space-y-4 py-10">
        <h1 className="text-xl font-semibold">This page failed</h1>
        <Notice tone="bad" role="alert" title={describeFailure(this.state.error)} />
        <Button look="primary" onClick={() => this.setState({ error: null })}>
          Try again
        </Button>
      </div>
    );
  }
}
