/** Whether two numbers are within a bound of each other: finite ones by their difference, infinities and NaN only if they are the same. */
export const isNear = (got: number, want: number, bound: number): boolean =>
  Number.isFinite(got) && Number.isFinite(want) ? Math.abs(got - want) <= bound : Object.is(got, want);
