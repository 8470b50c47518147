import type { FieldProblem } from './provider.ts'

/** The JSON value of a body in strict UTF-8, or what is wrong with it. A body without content is `undefined`. */
export function parseJsonBody(body: Uint8Array): { value: unknown } | { problem: FieldProblem } {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return { problem: { pointer: '', expected: 'UTF-8 text', received: 'bytes that are not UTF-8' } }
  }
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return {
      problem: { pointer: '', expected: 'JSON', received: `${String(body.length)} bytes that are not JSON` },
    }
  }
}
