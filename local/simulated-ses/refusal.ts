/** An error as Tencent returns it: HTTP 200 with `Response.Error{Code, Message}`. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

export function refusal(code: string, message: string): Refusal {
  return { code, message }
}
