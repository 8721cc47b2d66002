/** One promise of the client, put to the test. */
export type Finding = {
  promise: string;
  how: string;
  figure: string;
  kept: boolean;
};
