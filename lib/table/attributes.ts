import * as v from 'valibot'

/** A string attribute as a valibot schema. */
export const text = v.pipe(
  v.object({ S: v.string() }),
  v.transform(({ S }) => S),
)
