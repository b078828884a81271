declare module "fuzz:entries" {
  /** Each entry of the packages by what one imports. */
  export const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
