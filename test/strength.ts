/** Whether this is `npm run test:proof`, which tries what is random at full strength. */
export const isProof = process.env.PROOF === '1'

/** How often something random is tried, or how often it must have come to something. */
export function times(of: { readonly quick: number; readonly proof: number }): number {
  return isProof ? of.proof : of.quick
}
