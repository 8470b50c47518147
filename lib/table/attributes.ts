import * as v from 'valibot'

// Attributes of rows as valibot schemas.

export const text = v.pipe(
  v.object({ S: v.string() }),
  v.transform(({ S }) => S),
)

export const count = v.pipe(
  v.object({ N: v.pipe(v.string(), v.digits()) }),
  v.transform(({ N }) => Number(N)),
)
