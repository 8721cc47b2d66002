import { FindVideo } from "../layout/FindVideo.tsx";
import { useTitle } from "../layout/useTitle.ts";
import { SignInForm } from "./SignInForm.tsx";

/** The front door: for those with a key, and for those who wait for one video. */
export function SignInPage() {
  useTitle("Sign in");
  return (
    <div className="mx-auto grid max-w-4xl gap-6 py-4 sm:py-12 md:grid-cols-2">
      <section className="card p-6 sm:p-8">
        <h1 className="mb-1 text-xl font-semibold tracking-tight">Sign in</h1>
        <p className="mb-5 text-quiet">
          See every video, its history and what went wrong, and act on it.
        </p>
        <SignInForm />
      </section>
      <section className="card p-6 sm:p-8">
        <h2 className="mb-1 text-xl font-semibold tracking-tight">Waiting for a video?</h2>
        <p className="mb-5 text-quiet">
          Its status and its finished files are public: no sign-in is needed.
        </p>
        <FindVideo size="large" />
      </section>
    </div>
  );
}
