import type { FunctionReference } from "convex/server";

import type { api } from "../../../../convex/_generated/api";
import type { PublicFunctions } from "./publicFunctions.ts";

// Only the compiler's own comparison tells an optional field from one that may be undefined.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

/** A type with its intersections and aliases resolved, so that only what it holds is compared. */
type Flat<T> = T extends string | number | boolean | null | undefined
  ? T
  : { [Key in keyof T]: Flat<T[Key]> };

/** What a call sends and gets. */
type Signature<Ref> =
  Ref extends FunctionReference<infer Type, infer Visibility, infer Args, infer Result>
    ? [Type, Visibility, Flat<Args>, Flat<Result>]
    : never;

type Signatures<Api> = {
  [Module in keyof Api]: { [Name in keyof Api[Module]]: Signature<Api[Module][Name]> };
};

type Differing<A, B> = {
  [Key in keyof A | keyof B]: Key extends keyof A & keyof B
    ? Equal<A[Key], B[Key]> extends true
      ? never
      : Key
    : Key;
}[keyof A | keyof B];

type Written = Signatures<PublicFunctions>;
type Generated = Signatures<typeof api>;

/** Where it does not compile, the error names the function that publicFunctions.ts has differently. */
type NoneOf<Names extends never> = Names;

export type InModules = NoneOf<
  Differing<{ [Name in keyof Written]: Name }, { [Name in keyof Generated]: Name }>
>;
export type InVideo = NoneOf<Differing<Written["video"], Generated["video"]>>;
export type InAccessTokens = NoneOf<Differing<Written["accessTokens"], Generated["accessTokens"]>>;
