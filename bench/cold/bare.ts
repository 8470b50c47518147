/** A function that does nothing: what Node and Lambda's client take before any function of ours begins. */
// ts-unused-exports:disable-next-line
export function handler(): Promise<{ readonly statusCode: number }> {
  return Promise.resolve({ statusCode: 200 })
}
